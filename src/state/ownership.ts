/** How our own objects are recognised on a host. */

/** the `protocol` of our rules and routes; not in /etc/iproute2/rt_protos */
export const ownProtocol = 136;
/** the one nft table, family inet */
export const ownNftTable = 'mustredirect';
