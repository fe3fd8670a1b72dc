// The yardstick of the benchmark: a Deno server that reads the same body, parses it, answers 202
// and does nothing else. Its argument is the port.
Deno.serve(
  { hostname: "127.0.0.1", port: Number(Deno.args[0]), onListen() {} },
  async (request) => {
    JSON.parse(new TextDecoder().decode(await request.arrayBuffer()));
    return new Response(null, { status: 202 });
  },
);
