import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { GenericContainer, Wait } from "testcontainers";

export const TOKEN = "typescript-test";

export interface Mock {
  url: string;
  stop(): Promise<void>;
}

/**
 * Start a mock: in a container of the image PASS_HARNESS_IMAGE (pass-mock by default), or as a process of
 * PASS_MOCK_COMMAND where there is no Docker.
 */
export async function startMock(): Promise<Mock> {
  const command = process.env.PASS_MOCK_COMMAND;
  return command ? startProcess(command.trim().split(/\s+/)) : startContainer(process.env.PASS_HARNESS_IMAGE ?? "pass-mock");
}

async function startContainer(image: string): Promise<Mock> {
  const container = await new GenericContainer(image)
    .withEnvironment({ PASS_MOCK_CONTROL_TOKEN: TOKEN })
    .withExposedPorts(8300)
    .withWaitStrategy(Wait.forHttp("/openapi.json", 8300))
    .start();
  const url = `http://${container.getHost()}:${container.getMappedPort(8300)}`;
  return { url, stop: async () => void (await container.stop()) };
}

async function startProcess([program, ...before]: string[]): Promise<Mock> {
  const options = ["serve", "--port", "0", "--control-token", TOKEN];
  const mock = spawn(program, [...before, ...options], { stdio: ["ignore", "ignore", "pipe"] });
  const lines = createInterface(mock.stderr); // read to its end, so that the pipe never fills
  const [first] = (await Promise.race([once(lines, "line"), once(lines, "close")])) as [string?];
  const url = /https?:\/\/\S+/.exec(first ?? "")?.[0];
  if (url === undefined) throw new Error(`the mock did not start: ${first}`);
  return {
    url,
    stop: async () => {
      mock.kill();
      if (mock.exitCode === null) await once(mock, "exit");
    },
  };
}
