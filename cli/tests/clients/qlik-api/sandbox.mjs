// A sandbox of the program that ROLECALL names, and what the vendor's client needs to reach it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Starts a sandbox; answers where it is, its tenants, and how to stop it. */
export async function start() {
  const program = process.env.ROLECALL ?? "rolecall";
  const child = spawn(program, ["dev", "--json", "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface(child.stdout), "line");
  const stop = async () => {
    child.kill();
    await once(child, "exit");
  };
  return { ...JSON.parse(line), stop };
}

/** The options that make a call of the client go to the sandbox with an API key. */
export const as = (sandbox, apiKey) => ({ hostConfig: { host: sandbox.url, authType: "apikey", apiKey }, noCache: true });
