// `loci serve` on a free port, ready; stopped with SIGTERM, after which it has to end with status 0.
import { spawn } from "node:child_process";
import { once } from "node:events";

export class ServerProcess {
  static async start(binary, args = []) {
    const server = new ServerProcess();
    server.log = "";
    server.process = spawn(binary, ["serve", "--port", "0", ...args], { stdio: ["ignore", "ignore", "pipe"] });
    server.process.stderr.setEncoding("utf8");
    server.process.stderr.on("data", (text) => { server.log += text; });  // to its end: it must not write to nobody
    while (server.process.exitCode === null) {
      const address = /on (http:\/\/127\.0\.0\.1:\d+)/.exec(server.log);
      if (address) {
        server.url = address[1];
        return server;
      }
      await Promise.race([once(server.process.stderr, "data"), once(server.process, "exit")]);
    }
    throw new Error("the server ended:\n" + server.log);
  }

  async stop() {
    if (this.process.exitCode === null) {
      this.process.kill("SIGTERM");
      await once(this.process, "exit");
    }
    if (this.process.exitCode !== 0) throw new Error(`exit status ${this.process.exitCode}:\n${this.log}`);
  }
}
