/** Output of docker 20.10 to 29, reduced to the fields that we need. */
import * as z from 'zod';
import { deviceName } from '../../host/ip/device-name.ts';
import { subnetSchema } from '../decode.ts';

/** `docker info --format '{{json .}}'`: without a daemon it succeeds, with the error inside */
export const infoSchema = z.object({
  ServerErrors: z.array(z.string()).nullish(),
  ServerVersion: z.string().optional(),
  SecurityOptions: z.array(z.string()).nullish(),
  ClientInfo: z.object({ Context: z.string().nullish() }).nullish(),
  /** since 28.1: `iptables`, `iptables+firewalld` or `nftables` */
  FirewallBackend: z.object({ Driver: z.string() }).nullish(),
});

/** Options of docker's bridge driver that we read or set. */
export const optionNames = {
  bridge: 'com.docker.network.bridge.name',
  masquerade: 'com.docker.network.bridge.enable_ip_masquerade',
  mtu: 'com.docker.network.driver.mtu',
  /** since 27 */
  mode4: 'com.docker.network.bridge.gateway_mode_ipv4',
  mode6: 'com.docker.network.bridge.gateway_mode_ipv6',
  /** since 28.2 */
  trusted: 'com.docker.network.bridge.trusted_host_interfaces',
} as const;

/** Fields that identify a network: other drivers have other fields and other ids. */
export const anyNetworksSchema = z.array(z.looseObject({ Name: z.string(), Driver: z.string() }));

/** `docker network inspect NAME ...`, networks with driver bridge only */
export const networksSchema = z.array(
  z.object({
    Name: z.string(),
    Id: z.string(),
    Driver: z.string(),
    Internal: z.boolean().default(false),
    EnableIPv6: z.boolean().default(false),
    IPAM: z.object({
      Config: z
        .array(
          z.object({
            Subnet: subnetSchema,
            Gateway: z.string().optional(),
            IPRange: z.string().optional(),
            AuxiliaryAddresses: z.record(z.string(), z.string()).nullish(),
          }),
        )
        .nullish(),
    }),
    Options: z
      .object({
        [optionNames.bridge]: deviceName.optional(),
      })
      .catchall(z.string().optional())
      .nullish(),
    Labels: z.record(z.string(), z.string()).nullish(),
    /** running containers: container id -> addresses with prefix length; empty string when a family has no address */
    Containers: z
      .record(
        z.string(),
        z.object({
          Name: z.string().optional(),
          IPv4Address: z.string().optional(),
          IPv6Address: z.string().optional(),
        }),
      )
      .nullish(),
  }),
);

export type DockerNetwork = z.infer<typeof networksSchema>[number];

/** Line of `docker network ls`: name, and value of a label */
export const labelLine = z.tuple([z.string(), z.string()]);

/** Line of `docker ps --format '{{json .}}'` */
export const containerSchema = z.object({
  ID: z.string(),
  Names: z.string(),
  /** separated by commas */
  Networks: z.string(),
  State: z.string(),
  /** `0.0.0.0:8080->80/tcp`; only a port with an arrow is published */
  Ports: z.string().optional(),
});

/** Line of `docker inspect --format '{{.Id}} {{.State.Pid}}'` about a running container */
export const pidLine = /^([0-9a-f]{64}) ([1-9]\d*)$/;
