# bench.gp - draws the figures of bench.sh; the variables csv and svg name the
# two files.
set terminal svg size 560,300 font "'Source Sans 3',13" rounded background "white"
set output svg
set datafile separator ","
set key top left Left reverse samplen 2 textcolor rgb "#1d2733"
set border 3 lc rgb "#8a96a3"
set tics nomirror out textcolor rgb "#1d2733"
set grid ytics lc rgb "#dde3ea" lt 1 lw 1
set xlabel "open connections" textcolor rgb "#1d2733"
set ylabel "microseconds for one echo" textcolor rgb "#1d2733"
set xrange [0:*]
set yrange [0:*]
plot csv skip 1 using 1:2 with linespoints lw 2.2 pt 7 ps 0.5 lc rgb "#0b5c8f" title "one talks, all others are idle", \
     "" skip 1 using 1:3 with linespoints lw 2.2 pt 9 ps 0.6 lc rgb "#c8601a" title "each of fifty that talk at once"
