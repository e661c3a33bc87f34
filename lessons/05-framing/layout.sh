run here layout
