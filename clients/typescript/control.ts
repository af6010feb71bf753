import createClient, { type Client } from "openapi-fetch";
import type { paths } from "./control-api.js";

export type ControlClient = Client<paths>;

/**
 * Return a client of the control API of one space of a mock.
 *
 * baseUrl is the address of the mock with the prefix of a space, http://127.0.0.1:8300/~NAME; a mock on other
 * interfaces than loopback needs its control token.
 */
export function controlClient(baseUrl: string, token?: string): ControlClient {
  return createClient<paths>({ baseUrl, headers: token ? { Authorization: `Bearer ${token}` } : {} });
}
