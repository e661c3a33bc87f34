run here cuts
