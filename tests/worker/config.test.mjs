// wrangler.toml, as wrangler reads it: what the worker relies on, in production and in [env.local].
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { unstable_readConfig as readConfig } from "wrangler";
import { ROOT } from "../lib/worker.mjs";

for (const env of [undefined, "local"]) {
  describe(env ? `[env.${env}]` : "production", () => {
    const config = readConfig({ config: join(ROOT, "wrangler.toml"), env }, { hideWarnings: true });

    test("edits are merged into batches, retried five times, and then kept in a dead-letter queue", () => {
      const [producer] = config.queues.producers ?? [];
      const [consumer] = config.queues.consumers ?? [];
      assert.equal(producer?.binding, "EMBEDDING_QUEUE");
      assert.equal(consumer?.queue, producer?.queue);
      assert.deepEqual([consumer?.max_batch_size, consumer?.max_retries], [100, 5]);
      const waiting = consumer?.max_batch_timeout ?? 0;
      assert.ok(waiting >= 1 && waiting <= 10, `${waiting} s`);
      assert.ok(consumer?.dead_letter_queue && consumer.dead_letter_queue !== consumer.queue);
    });

    test("the sweeper comes every ten minutes", () => {
      assert.deepEqual(config.triggers.crons, ["*/10 * * * *"]);
    });

    test("a user has 100 requests a minute", () => {
      const [limiter] = config.ratelimits;
      assert.equal(limiter?.name, "RATE_LIMITER");
      assert.deepEqual(limiter?.simple, { limit: 100, period: 60 });
    });

    test("the AI binding is there where it can be, and the mock where not", () => {
      assert.equal(config.ai?.binding, env ? undefined : "AI");
      assert.equal(config.vars.EMBEDDING_PROVIDER, env ? "mock" : "workers-ai");
    });

    test("no secret is in the file", () => {
      assert.ok(!Object.keys(config.vars).some((name) => /KEY|SECRET|TOKEN/.test(name)));
    });
  });
}
