package org.dcmigrate.ctl.demo;

import com.google.gson.GsonBuilder;
import io.grpc.StatusRuntimeException;
import java.io.Console;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.dcmigrate.ctl.ProgressLine;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.v1.Migration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dcmctl demo}: a migration that changes its destination on the way, to watch. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = {
      "Shows a migration that is redirected in the middle.",
      "Starts peers on loopback under mutual TLS with a guest that keeps writing, migrates it,"
          + " redirects it at half, and measures the same with cancel and restart. Leaves nothing"
          + " behind."
    })
public final class DemoCommand implements Callable<Integer> {
  private static final String GUEST = "vm";
  private static final String RESTARTED = "vm-restarted";
  private static final long MIB = 1L << 20;

  @Option(
      names = "--guest",
      defaultValue = "synthetic",
      description = "synthetic (in process) or qemu (a real virtual machine). [${DEFAULT-VALUE}]")
  private Kind kind = Kind.synthetic;

  @Option(
      names = "--redirects",
      defaultValue = "1",
      description = "How often to redirect, 0 to 4. [${DEFAULT-VALUE}]")
  private int redirects = 1;

  @Option(
      names = "--memory",
      defaultValue = "512",
      description = "Memory of the guest in MiB. [${DEFAULT-VALUE}]")
  private int memoryMib = 512;

  @Option(
      names = "--rate",
      defaultValue = "48",
      description = {
        "What each peer sends at the most, in MiB/s; stands for its network card."
            + " [${DEFAULT-VALUE}]"
      })
  private int rateMib = 48;

  @Option(
      names = "--accel",
      defaultValue = "tcg",
      description = "QEMU's accelerator, tcg or kvm. [${DEFAULT-VALUE}]")
  private String accelerator = "tcg";

  @Option(names = "--no-restart", description = "Do not measure cancel and restart.")
  private boolean noRestart;

  @Option(
      names = {"-o", "--output"},
      defaultValue = "table",
      description = "table or json. [${DEFAULT-VALUE}]")
  private Output output = Output.table;

  @Spec private CommandSpec spec = CommandSpec.create();

  // Named as the user writes them.
  @SuppressWarnings("MemberName")
  enum Kind {
    synthetic,
    qemu
  }

  @SuppressWarnings("MemberName")
  enum Output {
    table,
    json
  }

  @Override
  public Integer call() {
    PrintWriter err = spec.commandLine().getErr();
    if (redirects < 0 || redirects > 4 || memoryMib < 16 || rateMib < 1) {
      err.println("dcmctl: --redirects must be 0 to 4, --memory at least 16, --rate at least 1");
      return 2;
    }
    Optional<DemoGuest> guest = guest();
    if (guest.isEmpty()) {
      err.println(
          "dcmctl: qemu-system-x86_64 is not installed; install it by: apt-get install"
              + " qemu-system-x86");
      return 1;
    }
    try (DemoFleet fleet = new DemoFleet()) {
      Thread cleaner = Thread.ofPlatform().unstarted(fleet::close);
      Runtime.getRuntime().addShutdownHook(cleaner);
      DemoResult result = run(fleet, guest.get());
      print(result);
      return result.ok() ? 0 : 3;
    } catch (DemoException failed) {
      err.println("dcmctl: " + failed.sentence());
      return 1;
    } catch (StatusRuntimeException refused) {
      err.println("dcmctl: " + Errors.fromStatus(refused).sentence());
      return 1;
    }
  }

  private Optional<DemoGuest> guest() {
    long bytes = memoryMib * MIB;
    if (kind == Kind.synthetic) {
      return Optional.of(new DemoGuest.Synthetic(bytes, 1000));
    }
    return Stream.of(Optional.ofNullable(System.getenv("PATH")).orElse("").split(":", -1))
        .map(directory -> Path.of(directory, "qemu-system-x86_64"))
        .filter(Files::isExecutable)
        .findFirst()
        .map(program -> new DemoGuest.Qemu(program.toString(), accelerator, bytes));
  }

  private DemoResult run(DemoFleet fleet, DemoGuest guest) throws DemoException {
    List<String> names = new ArrayList<>(List.of("host-a"));
    for (int i = 0; i <= redirects; i++) {
      names.add("host-" + (char) ('b' + i));
    }
    say(
        "%d peers on loopback under mutual TLS, each sending at most %d MiB/s; a %s guest of %d MiB"
            .formatted(names.size(), rateMib, guest.kind(), memoryMib));
    List<String> guests = noRestart ? List.of(GUEST) : List.of(GUEST, RESTARTED);
    Map<String, String> yaml = new HashMap<>();
    for (String name : names) {
      yaml.put(name, guest.destinationYaml());
    }
    yaml.merge(names.getFirst(), guest.startBefore(fleet, guests), String::concat);
    fleet.start(names, rateMib * MIB, yaml);
    guest.startAfter(fleet.peer("host-a"), GUEST);

    say("migrating " + GUEST + " from host-a to host-b" + plan(names));
    DemoMigration migration = new DemoMigration(fleet.all(), GUEST, this::show);
    Migration end = migration.redirected(redirects);
    endLine();
    String complaint = guest.complaint(fleet.all().getLast(), GUEST);
    long restartMs = 0;
    if (!noRestart) {
      guest.startAfter(fleet.peer("host-a"), RESTARTED);
      say("the same with cancel at half and restart to " + names.getLast());
      restartMs = new DemoMigration(fleet.all(), RESTARTED, this::show).cancelAndRestartMs();
      endLine();
    }
    return DemoResult.of(guest.kind(), end, migration.ranTwice(), complaint, redirects, restartMs);
  }

  private static String plan(List<String> names) {
    return names.size() == 2
        ? ""
        : ", redirecting at half to " + String.join(", then ", names.subList(2, names.size()));
  }

  // ---- Progress, on standard error.

  private long shownNs;
  private String shown = "";
  private boolean lineOpen;

  private void show(Migration now) {
    boolean terminal = Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
    String state = now.getState() + "/" + now.getDestination();
    long intervalNs = terminal ? 100_000_000L : 1_000_000_000L;
    if (System.nanoTime() - shownNs < intervalNs && state.equals(shown)) {
      return;
    }
    shownNs = System.nanoTime();
    shown = state;
    PrintWriter err = spec.commandLine().getErr();
    if (terminal) {
      err.print("\r\u001b[K  " + ProgressLine.of(now));
      lineOpen = true;
    } else {
      err.println("  " + ProgressLine.of(now));
    }
    err.flush();
  }

  private void endLine() {
    if (lineOpen) {
      spec.commandLine().getErr().println();
      lineOpen = false;
    }
  }

  private void say(String sentence) {
    endLine();
    spec.commandLine().getErr().println("> " + sentence);
    spec.commandLine().getErr().flush();
  }

  // ---- Result, on standard output.

  private void print(DemoResult result) {
    PrintWriter out = spec.commandLine().getOut();
    if (output == Output.json) {
      out.println(new GsonBuilder().setPrettyPrinting().create().toJson(result));
    } else {
      out.println(table(result));
    }
    out.flush();
  }

  private static String table(DemoResult result) {
    StringBuilder text = new StringBuilder();
    row(text, "verdict", result.verdict());
    row(
        text,
        "memory",
        result.memoryIdentical()
            ? "identical, page by page (the stopped source read anew against what was verified)"
            : "DIFFERENT");
    row(text, "two owners", result.ranTwice() ? "SEEN" : "never seen");
    row(
        text,
        "redirects",
        "%d, the last with %.0f %% of the pages in reach of the new destination"
            .formatted(result.redirects(), 100 * result.redirectedAtFraction()));
    row(
        text,
        "bytes",
        "%s from the source, %s from contributors"
            .formatted(mib(result.bytesFromSource()), mib(result.bytesFromContributors())));
    row(text, "downtime", String.format(Locale.ROOT, "%.1f ms", result.downtimeMs()));
    row(text, "total", seconds(result.totalMs()));
    if (result.afterRedirectMs() > 0) {
      row(text, "after redirect", seconds(result.afterRedirectMs()));
    }
    if (result.cancelRestartMs() > 0) {
      row(text, "cancel and restart", seconds(result.cancelRestartMs()));
      if (result.speedup() > 0) {
        row(text, "speed-up", String.format(Locale.ROOT, "%.2fx", result.speedup()));
      }
    }
    return text.toString().stripTrailing();
  }

  private static void row(StringBuilder text, String name, String value) {
    text.append(String.format(Locale.ROOT, "%-20s %s%n", name, value));
  }

  private static String mib(long bytes) {
    return bytes / MIB + " MiB";
  }

  private static String seconds(long millis) {
    return String.format(Locale.ROOT, "%.2f s", millis / 1000.0);
  }
}
