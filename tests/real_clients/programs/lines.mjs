// The lines are those of Jdk.java.

import { createInterface } from "node:readline";

export const chunked = process.argv[2] === "chunked";

export async function answerLines(send) {
  for await (const line of createInterface({ input: process.stdin })) {
    const [method, url, body, ...headers] = line.split("\t").map((field) => Buffer.from(field, "base64").toString());
    const named = Object.fromEntries(headers.map((header) => header.split(/: (.*)/s).slice(0, 2)));
    const [status, content] = await send(method, url, named, body);
    console.log(`${status}\t${Buffer.from(content).toString("base64")}`);
  }
}
