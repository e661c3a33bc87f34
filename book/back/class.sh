# netns: none
# A class of three, from their archives to their grades.
cd "$course" || exit
unset MAKEFLAGS MAKELEVEL MFLAGS # make here is what the teacher types
class=build/class
rm -rf "$class" && mkdir -p "$class"
trap 'rm -rf "$course/$class"; finish' EXIT
hand_in() { # NAME FILE
    mkdir -p "$class/submissions/$1/01-hello-server"
    cp "$2" "$class/submissions/$1/01-hello-server/motd.c"
}
hand_in ada solutions/01-hello-server/motd.c
hand_in bob lessons/01-hello-server/exercise/motd.c
sed 's/^int main(/int main(,/' solutions/01-hello-server/motd.c >"$scratch/motd.c"
hand_in eve "$scratch/motd.c"
(cd "$class/submissions/eve" && tar -czf ../eve.tar.gz . && rm -r ../eve)

line teacher 'ls build/class/submissions'
line teacher 'make -s grade CLASS=build/class/submissions'
line teacher 'cat build/class/grades/gradebook.csv'
say "Eve was ill, and bob is a day late."
printf 'student,exercise,points,why\neve,1,40,was ill\n' >build/class/override.csv
printf 'student,exercise,days\nbob,1,1\n' >build/class/late.csv
line teacher 'cat build/class/override.csv build/class/late.csv'
line teacher 'make -s grade CLASS=build/class/submissions'
line teacher 'cat build/class/grades/gradebook.csv'
say "Bob hands in again."
hand_in bob solutions/01-hello-server/motd.c
line teacher 'make -s regrade CLASS=build/class/submissions'
line teacher 'make -s regrade CLASS=build/class/submissions APPLY=1 | tail -n 2'
