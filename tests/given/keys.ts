/** Pairs of WireGuard keys that exist for these tests only. */
export const keyPairs = [
  {
    privateKey: 'QPlo2mNXho9/g6SRA6UkvZDiw0KiC8dfQVYwY18tOH8=',
    publicKey: 'ZsPHMnh0hhNkuShWao2ywe/oYPkd7QdbHzm8nhFHrlY=',
  },
  {
    privateKey: '8JRz6H97FUqdsthwfgbs11MpaJTM9vPPryUFuU+pDWk=',
    publicKey: 'sXZbzJ85RcYnmpfuI+blrDalNjmGxcukg0HQ83LS6j8=',
  },
  {
    privateKey: '0Lh9EzZF5D3tIE1L2ziEaAXIcJ7TGL4yR7Ux4VTEukU=',
    publicKey: 'F7CeiIZum8rKVjDiCOGH7Q/GquOdBIcvuh8l7whzx2Y=',
  },
  {
    privateKey: 'aAMNJvGtLpwpDelHOYdscu/NAMd92xvtIANRSb0aYmo=',
    publicKey: 'IsDrUnYvK8LLjZ0DOAnzJfg9wwP15D7NtyZzLTbiDB4=',
  },
] as const;
