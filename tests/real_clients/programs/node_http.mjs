// The module http of Node.js, with a connection that is kept.

import { Agent, request } from "node:http";

import { answerLines, chunked } from "./lines.mjs";

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

await answerLines(
  (method, url, headers, body) =>
    new Promise((resolve, reject) => {
      const length = body && !chunked ? { "Content-Length": Buffer.byteLength(body) } : {};
      const sent = request(url, { agent, method, headers: { ...headers, ...length } }, async (response) => {
        const chunks = [];
        for await (const chunk of response) chunks.push(chunk);
        resolve([response.statusCode, Buffer.concat(chunks)]);
      });
      sent.on("error", reject);
      if (body) sent.write(body); // without a length, Node.js sends chunks
      sent.end();
    }),
);
