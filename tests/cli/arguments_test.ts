import assert from "node:assert/strict";
import { parseArguments } from "../../src/cli/arguments.ts";

const SERVE = { command: "serve", configPath: null, args: [] };

Deno.test("parseArguments() serves where no command is named", () => {
  assert.deepEqual(parseArguments([]), SERVE);
  assert.deepEqual(parseArguments(["serve"]), SERVE);
});

Deno.test("parseArguments() takes the settings file by its place or by --config", () => {
  const expected = { ...SERVE, configPath: "my.toml" };
  for (
    const args of [
      ["my.toml"],
      ["serve", "my.toml"],
      ["--config", "my.toml"],
      ["--config=my.toml", "serve"],
      ["serve", "-c", "my.toml"],
    ]
  ) assert.deepEqual(parseArguments(args), expected, args.join(" "));
});

Deno.test("parseArguments() reads a command with its arguments, options anywhere", () => {
  const expected = { command: "backup", configPath: "my.toml", args: ["/copy"] };
  assert.deepEqual(parseArguments(["backup", "/copy", "--config", "my.toml"]), expected);
  assert.deepEqual(parseArguments(["--config", "my.toml", "backup", "/copy"]), expected);
});

Deno.test("parseArguments() answers --help and --version before anything else it reads", () => {
  for (const args of [["--help"], ["-h"], ["backup", "--help"], ["a", "b", "-h"]]) {
    assert.equal(commandOf(args), "help", args.join(" "));
  }
  const read = parseArguments(["backup", "--help", "more"]);
  assert.equal("about" in read ? read.about : null, "backup");
  for (const args of [["--version"], ["-V"], ["serve", "-V"]]) {
    assert.equal(commandOf(args), "version", args.join(" "));
  }
});

function commandOf(args: readonly string[]): string {
  const read = parseArguments(args);
  assert.ok("command" in read, JSON.stringify(read));
  return read.command;
}

Deno.test("parseArguments() names what is wrong", () => {
  const faults: readonly [args: readonly string[], fault: RegExp][] = [
    [["--nope"], /Unknown option '--nope'/],
    [["--config"], /--config <value>' argument missing/],
    [["--config="], /--config needs a file/],
    [["--config", "a", "-c", "b"], /more than one --config/],
    [["backup"], /backup takes DIR/],
    [["backup", "a", "b"], /backup takes DIR/],
    [["hash-password", "a"], /hash-password takes no argument/],
    [["a.toml", "b.toml"], /one argument too many: b\.toml/],
    [["a.toml", "--config", "b.toml"], /one argument too many: a\.toml/],
  ];
  for (const [args, fault] of faults) {
    const read = parseArguments(args);
    assert.ok("fault" in read, args.join(" "));
    assert.match(read.fault, fault, args.join(" "));
    assert.doesNotMatch(read.fault, /\n/);
  }
});
