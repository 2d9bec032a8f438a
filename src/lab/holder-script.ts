/**
 * Shell scripts of a test host. All mounts are inside the host's own mount namespace, in memory: nothing is left behind
 * when its first process is killed.
 */

/** Identifies our processes in /proc; followed only by the names of the lab and of the host. */
export const holderMark = 'mustredirect-lab';

/**
 * First process of a host; `$1` is the lab, `$2` the host. It ends when its stdin closes, unless it read the word
 * `keep` before: if the process that builds a lab is killed, its half-built hosts end, too. /etc, /var/lib and /var/tmp
 * are overlays of the machine's folders, with empty folders for state of engines and of mustredirect.
 */
export const initScript = `
set -e
hostname "$2"
mkdir -p /run
mount -t tmpfs -o mode=755 lab /run
mkdir -p /run/lock /run/lab/tmp /run/lab/cgroup
for dir in /etc /var/lib /var/tmp; do
  mkdir -p /run/lab/layer$dir /run/lab/work$dir
  mount -t overlay -o lowerdir=$dir,upperdir=/run/lab/layer$dir,workdir=/run/lab/work$dir lab $dir
done
mount -t tmpfs -o mode=1777 lab /dev/shm
for dir in /etc/cni /etc/containers /etc/docker /etc/mustredirect /var/lib/cni /var/lib/containers \
  /var/lib/containerd /var/lib/docker /var/lib/mustredirect; do
  mkdir -p $dir
  mount -t tmpfs -o mode=755 lab $dir
done
mkdir -p /etc/cni/net.d

# The sysfs of this network namespace, with the machine's cgroups.
mount --rbind /sys/fs/cgroup /run/lab/cgroup
mount -t sysfs sysfs /sys
if [ "$LAB_CGROUP" ]; then
  mount -t tmpfs -o mode=755 lab /sys/fs/cgroup
  for dir in /run/lab/cgroup/*/"$LAB_CGROUP"; do
    controller=$(basename "$(dirname "$dir")")
    mkdir "/sys/fs/cgroup/$controller"
    mount --bind "$dir" "/sys/fs/cgroup/$controller"
  done
else
  mount --rbind /run/lab/cgroup /sys/fs/cgroup
fi
umount -l /run/lab/cgroup

echo "$LAB_SYSCTLS" | while read -r path value; do
  if [ -e "/proc/sys/$path" ]; then echo "$value" >"/proc/sys/$path"; fi
done
ip link set lo up
unset LAB_CGROUP LAB_SYSCTLS

exec 3<&0 </dev/null
( read -r word <&3; [ "$word" = keep ] && exec sleep 1000000000 ) &
exec 3<&-
echo ready
exec >/dev/null 2>&1
# While the shell waits, it reaps every orphan of the host.
wait $!
`;

/**
 * Parent of the first process, outside the host. With cgroup v1, an engine needs a cgroup namespace to keep its cgroups
 * below the lab's; they are on no file system of the host, so they are removed here.
 */
export const outerScript = `
if [ -z "$LAB_CGROUP" ]; then exec "$@"; fi
for dir in /sys/fs/cgroup/*/; do mkdir -p "$dir$LAB_CGROUP"; done
# A new cpuset is empty, and nothing can run in an empty one.
for file in cpuset.cpus cpuset.mems; do
  cat "/sys/fs/cgroup/cpuset/$file" >"/sys/fs/cgroup/cpuset/$LAB_CGROUP/$file"
done
( for dir in /sys/fs/cgroup/*/"$LAB_CGROUP"; do echo 0 >"$dir/cgroup.procs"; done; exec "$@" )
for try in 1 2 3 4 5 6 7 8 9 10; do
  find /sys/fs/cgroup/*/"$LAB_CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null
  [ -e "/sys/fs/cgroup/cpuset/$LAB_CGROUP" ] || exit 0
  sleep 0.02
done
`;
