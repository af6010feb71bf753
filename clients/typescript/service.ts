const DEVICE = {
  "AP-Device-Identifier": `fingerprint ${btoa("typescript-device")}`,
  "X-Device-Info": btoa(JSON.stringify({ primaryHardwareType: "SetTopBox", model: "TV", osName: "tvOS" })),
};

/** Stands for the service under test: it logs a device in and asks whether a resource may play. */
export class Service {
  private authorization = {};

  private constructor(private readonly adobe: string) {}

  static async start(adobe: string, statement: string): Promise<Service> {
    const service = new Service(adobe);
    const client = await service.post("/o/client/register", JSON.stringify({ software_statement: statement }));
    const { client_id, client_secret } = client;
    const grant = new URLSearchParams({ grant_type: "client_credentials", client_id, client_secret });
    const { access_token } = await service.post("/o/client/token", grant);
    service.authorization = { Authorization: `Bearer ${access_token}` };
    return service;
  }

  /** Start a login and return its code. */
  async login(mvpd: string): Promise<string> {
    const session = { mvpd, domainName: "adobe.com", redirectUrl: "https://adobe.com/done" };
    return (await this.post("/api/v2/REF30/sessions", new URLSearchParams(session))).code;
  }

  /** Return whether a resource may play, and the reason if not. */
  async play(mvpd: string, resource: string): Promise<{ allowed: boolean; reason?: string }> {
    const answer = await this.post(`/api/v2/REF30/decisions/authorize/${mvpd}`, JSON.stringify({ resources: [resource] }));
    const [decision] = answer.decisions;
    return { allowed: decision.authorized, reason: decision.error?.details };
  }

  private async post(path: string, body: string | URLSearchParams): Promise<any> {
    const headers: Record<string, string> = { ...DEVICE, ...this.authorization };
    if (typeof body === "string") headers["Content-Type"] = "application/json";
    const response = await fetch(this.adobe + path, { method: "POST", headers, body });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return response.json();
  }
}
