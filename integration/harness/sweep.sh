# Removes all that the fleet with number $1 has left on this machine: processes
# in its network namespaces, the namespaces, its interfaces, and its temporary
# folders under $2. Nothing to remove is fine. Run by janitor.go.
number=$1 tmp=$2

for namespace in /run/netns/fedns-"$number"-*; do
    [ -e "$namespace" ] || continue
    ip netns pids "${namespace##*/}" | xargs -r kill -9
done
# Interfaces before namespaces: deleting a namespace frees what is in it later,
# deleting an interface is done when ip returns.
for link in /sys/class/net/fedns"$number" /sys/class/net/fedns"$number"p*; do
    [ -e "$link" ] || continue
    # The second of a pair has gone with the first.
    ip link delete "${link##*/}" || [ ! -e "$link" ] || failed=1
done
for namespace in /run/netns/fedns-"$number"-*; do
    [ -e "$namespace" ] || continue
    ip netns delete "${namespace##*/}" || failed=1
done
rm -rf /etc/netns/fedns-"$number"-* || failed=1
rmdir /etc/netns 2>/dev/null

# A process that was just killed may still have been writing: try again, for
# five seconds at most.
tries=50
until rm -rf "$tmp"/fedns-"$number"-*; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || { failed=1; break; }
    sleep 0.1
done
exit ${failed:-0}
