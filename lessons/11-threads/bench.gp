# bench.gp - draws the figures of bench.sh; the variables csv and svg name the
# two files.
set terminal svg size 560,520 font "'Source Sans 3',13" rounded background "white"
set output svg
set datafile separator ","
set border 3 lc rgb "#8a96a3"
set tics nomirror out textcolor rgb "#1d2733"
set grid ytics lc rgb "#dde3ea" lt 1 lw 1
set xlabel "clients that are connected" textcolor rgb "#1d2733"
set key textcolor rgb "#1d2733" reverse Left samplen 2
set xrange [0:*]
set yrange [0:*]
set multiplot layout 2,1
set key top left
set ylabel "megabytes in use" textcolor rgb "#1d2733"
plot csv skip 1 using 1:($2/1024) with linespoints lw 2.2 pt 9 ps 0.6 lc rgb "#c8601a" title "a process for each (forktwin)", \
     "" skip 1 using 1:($4/1024) with linespoints lw 2.2 pt 7 ps 0.5 lc rgb "#0b5c8f" title "a thread for each (threadecho2)"
unset key # as above
set ytics 4000
set ylabel "short visits a second" textcolor rgb "#1d2733"
plot csv skip 1 using 1:5 with linespoints lw 2.2 pt 7 ps 0.5 lc rgb "#0b5c8f", \
     "" skip 1 using 1:3 with linespoints lw 2.2 pt 9 ps 0.6 lc rgb "#c8601a"
unset multiplot
