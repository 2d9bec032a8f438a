/** Foreign objects on a host: with numbers near ours, and with similar names. */

export const foreignIp = `
ip rule add from 10.77.0.0/24 lookup 100 preference 100
ip rule add from all fwmark 0x80000/0xff0000 lookup main preference 5210 protocol 16
ip rule add to 10.78.0.0/24 lookup 2185 preference 3999
ip rule add from 10.89.40.0/24 prohibit preference 5000
ip rule add from 10.89.5.0/24 goto 32766 preference 5001 protocol 135
ip rule add from 10.89.5.0/24 lookup 101 preference 31000 protocol 137
ip -6 rule add from fd00:77::/64 lookup 100 preference 4100
ip -6 rule add from fd00:78::/64 prohibit preference 4200 protocol 16
ip route add 10.77.0.0/24 via 192.168.50.1 protocol 137
ip route add blackhole 10.78.0.0/24 metric 4000
ip route add unreachable 10.89.0.0/16 metric 4294967295 protocol static
ip route add default via 192.168.50.1 table 100 protocol bird
ip route add unreachable default table 2185 metric 4294967295
ip route add default via 192.168.50.1 table 4095 protocol zebra
ip -6 route add unreachable default table 2184 metric 4294967295
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 0 >/proc/sys/net/ipv4/conf/all/accept_redirects
echo 1 >/proc/sys/net/ipv4/conf/eth0/accept_redirects
echo 1 >/proc/sys/net/ipv4/conf/eth0/log_martians
echo 0 >/proc/sys/net/ipv4/conf/default/rp_filter
`;

/** nft tables with our name in other families, and one in our family with another name. */
export const foreignChains = `
table ip mustredirect {
  set redirected4 { type ipv4_addr; flags interval; elements = { 10.89.4.0/24 }; }
  chain forward { type filter hook forward priority -1; ip saddr @redirected4 counter accept; }
  chain postrouting { type nat hook postrouting priority 100; ip saddr 10.77.0.0/24 masquerade; }
}
table ip6 mustredirect {
  chain guard { type filter hook forward priority -1; ip6 saddr fd00:77::/64 drop; }
}
table arp mustredirect { chain input { type filter hook input priority 0; arp operation request counter accept; }; }
table bridge mustredirect { chain forward { type filter hook forward priority 0; ether type ip counter accept; }; }
table netdev mustredirect {
  chain ingress { type filter hook ingress device "eth0" priority 0; ip saddr 10.77.0.9 drop; }
}
table inet mustredirect-2 {
  map marks { type ipv4_addr : mark; elements = { 10.77.0.7 : 0x77 }; }
  map verdicts { type inet_service : verdict; elements = { 4444 : drop, 4445 : accept }; }
  counter seen { }
  quota much { over 100 mbytes }
  chain prerouting {
    type filter hook prerouting priority -145
    meta mark set ip saddr map @marks
    ip saddr 10.77.0.0/24 tcp dport vmap @verdicts
  }
}
table inet must {
  counter none { }
  chain guard { counter name "none"; }
}
`;

export const foreignIptables = `
for p in iptables ip6tables; do
  $p -t filter -N MUSTREDIRECT
  $p -t filter -A FORWARD -m comment --comment mustredirect -j MUSTREDIRECT
  $p -t mangle -A PREROUTING -p udp --dport 4500 -j MARK --set-mark 0x888
  $p -t raw -A PREROUTING -p tcp --dport 4501 -j NOTRACK
done
iptables -t raw -A PREROUTING -s 10.77.0.0/24 -j MARK --set-mark 0x888
iptables -t nat -A POSTROUTING -s 10.77.0.0/24 -j MASQUERADE
iptables-legacy -t filter -A FORWARD -s 10.78.0.0/24 -j DROP
`;

export const foreignFiles = `
mkdir -p /etc/cni/net.d /etc/containers/networks /etc/iproute2/rt_tables.d
echo '{ "cniVersion": "0.4.0", "name": "theirs-too", "type": "loopback" }' >/etc/cni/net.d/00-mustredirect.conf
echo 'not ours' >/etc/cni/net.d/mustredirect.conflist.bak
echo 'not ours' >/etc/containers/networks/mustredirect.json.bak
echo '2300 theirs' >/etc/iproute2/rt_tables.d/theirs.conf
`;

/** Conntrack entries outside our subnets, which outlast the test. */
export const conntrackEntries = `
for n in 1 2 3; do
  conntrack -I -p tcp -s 198.18.0.$n -d 203.0.113.10 --sport 4000 --dport 80 --state ESTABLISHED -u ASSURED -t 9999
done
`;
