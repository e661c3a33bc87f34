# A walk past thirteen failures, and the one that the walk avoids.
run me errno-tour
