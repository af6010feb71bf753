import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { controlClient } from "./control.js";
import { startMock, TOKEN, type Mock } from "./mock.js";
import { Service } from "./service.js";

let mock: Mock | undefined;
before(async () => (mock = await startMock()));
after(() => mock?.stop());

/** Return the address of a space for one test, and its control client. */
function space() {
  const adobe = `${mock!.url}/~test-${randomUUID()}`;
  return { adobe, control: controlClient(adobe, TOKEN) };
}

test("a denied viewer is told why", async () => {
  const { adobe, control } = space();
  const statement = await control.GET("/_mock/software-statement", { parseAs: "text" });
  const service = await Service.start(adobe, statement.data!);

  const code = await service.login("Cablevision");
  await control.POST("/_mock/sessions/{code}/login", { params: { path: { code } } }); // the viewer logs in
  assert.deepEqual(await service.play("Cablevision", "REF30"), { allowed: true, reason: undefined });

  const deny = { match: { resource: "news-*" }, effect: { deny: { details: "Not in your package" } } };
  const added = await control.POST("/_mock/behaviours", { body: deny });
  assert.equal(added.response.status, 201);
  assert.deepEqual(await service.play("Cablevision", "news-1"), { allowed: false, reason: "Not in your package" });

  const query = { endpoint: "decisions.authorize" };
  const journal = await control.GET("/_mock/exchanges", { params: { query } });
  assert.deepEqual(journal.data!.exchanges.map((exchange) => exchange.status), [200, 200]);
});

test("a refused call has the reason", async () => {
  const { control } = space();
  const { error, response } = await control.POST("/_mock/clock", { body: { advance: "soon" } });
  assert.equal(response.status, 400);
  assert.match(error!.error, /is not a duration/);
});
