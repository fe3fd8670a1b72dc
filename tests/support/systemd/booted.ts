// A real systemd in namespaces of its own: process 1 over a copy of this machine's files that
// nothing leaves. Needs root, an overlay file system and the unified control groups.
import { messageOf } from "../../../src/core/errors.ts";

/** Units that have no work there, or no machine. */
const MASKED = [
  ...["udevd.service", "udevd-control.socket", "udevd-kernel.socket", "journald.service"],
  ...["journald.socket", "journald-dev-log.socket", "journald-audit.socket", "logind.service"],
  ...["journal-flush.service", "networkd.service", "resolved.service", "sysctl.service"],
  ...["modules-load.service", "tmpfiles-setup.service", "remount-fs.service"],
  ...["sysusers.service", "timesyncd.service"],
].map((name) => `systemd-${name}`).concat("dev-hugepages.mount", "sys-kernel-debug.mount");

/** Run in new namespaces by what `unshare` started; `$1` is the folder of the machine. */
const BOOT = `
set -e
root="$1/root"
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
mount -t cgroup2 none "$root/sys/fs/cgroup"
for folder in run tmp dev; do mount -t tmpfs tmpfs "$root/$folder"; done
mkdir "$root/dev/shm" "$root/oldroot"
for device in null zero random urandom full tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
ip link set lo up
cp -r "$2/." "$root/"
cd "$root"
pivot_root . oldroot
umount -l /oldroot
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
  /lib/systemd/systemd --system --unit=basic.target --show-status=no
`;

const NAMESPACES = ["--pid", "--mount", "--uts", "--ipc", "--cgroup", "--net"];
const BOOT_MS_MAX = 60_000;

/** A running systemd. */
export class BootedSystemd {
  readonly #outer: Deno.ChildProcess;
  readonly #pid: number;

  private constructor(outer: Deno.ChildProcess, pid: number) {
    this.#outer = outer;
    this.#pid = pid;
  }

  /**
   * Boots one in `folder`, with the files of `files` over those of this machine. A text says why
   * there is none here.
   */
  static async boot(folder: string, files: string): Promise<BootedSystemd | string> {
    if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "it needs Linux and root";
    const masks = `${files}/etc/systemd/system`;
    await Deno.mkdir(masks, { recursive: true });
    for (const name of MASKED) await Deno.symlink("/dev/null", `${masks}/${name}`);
    try {
      const outer = new Deno.Command("unshare", {
        args: ["--fork", "--kill-child", ...NAMESPACES, "sh", "-c", BOOT, "sh", folder, files],
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).spawn();
      const problem = new Response(outer.stderr).text();
      const ended = outer.status.then(async () => `it ended: ${(await problem).trim()}`);
      return await Promise.race([ended, BootedSystemd.#booted(outer)]);
    } catch (error) {
      return messageOf(error);
    }
  }

  static async #booted(outer: Deno.ChildProcess): Promise<BootedSystemd | string> {
    const untilMs = performance.now() + BOOT_MS_MAX;
    while (performance.now() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const children = `/proc/${outer.pid}/task/${outer.pid}/children`;
      const pid = Number((await Deno.readTextFile(children).catch(() => "")).trim());
      if (pid === 0) continue;
      const systemd = new BootedSystemd(outer, pid);
      const { text } = await systemd.run("systemctl", "is-system-running");
      if (/^(running|degraded)/.test(text)) return systemd;
    }
    outer.kill("SIGKILL");
    return "it did not boot within a minute";
  }

  /** Runs a command inside. */
  async run(...command: string[]): Promise<{ readonly code: number; readonly text: string }> {
    return await this.#enter(["-m", "-p", "-u", "-i", "-n", "-C", "--root", "--wd"], command);
  }

  /** Runs a command with the files of this machine, on the network inside. */
  async runOnNetwork(...command: string[]): Promise<{ readonly text: string }> {
    return await this.#enter(["-n"], command);
  }

  async #enter(spaces: readonly string[], command: readonly string[]) {
    const { code, stdout, stderr } = await new Deno.Command("nsenter", {
      args: ["-t", String(this.#pid), ...spaces, ...command],
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
  }

  /** Ends it with all that runs in it. */
  async end(): Promise<void> {
    this.#outer.kill("SIGKILL");
    await this.#outer.status;
  }
}
