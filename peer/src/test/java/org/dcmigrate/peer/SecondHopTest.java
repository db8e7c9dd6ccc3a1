package org.dcmigrate.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.dcmigrate.peer.guest.qemu.QemuTestVm;
import org.dcmigrate.peer.guest.qemu.QemuTestVm.Shape;
import org.dcmigrate.peer.guest.qemu.SerialLog;
import org.dcmigrate.peer.journal.Journal;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.machine.SourceRecord;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A guest that came here, was granted to the next peer, and whose peer died before it learned the
 * outcome: the journal says both that the guest is owned and that it was given away.
 */
class SecondHopTest {
  private static final String BUSY = "A=2048 D=64 H=10 V=512";

  private Path directory = Path.of("");

  @BeforeEach
  void makeDirectory() throws IOException {
    directory = Files.createTempDirectory("dcm");
  }

  @AfterEach
  void deleteDirectory() throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    }
  }

  @Test
  void guestThatWasGrantedIsNotSetRunningByARestart() throws Exception {
    try (QemuTestVm vm = QemuTestVm.churn(directory.resolve("vm"), Shape.SHARED_FILE, BUSY);
        ProcessPeers peers = new ProcessPeers(directory, yaml(vm), "a", "b", "c")) {
      String first = peers.migrate("a", "b");
      completed(peers, "a", first);
      SerialLog atB = serial(peers, "b", first);
      atB.awaitTickAfter(atB.lastTick());
      // The state that a crash between grant and answer leaves: a grant without an end. The peer
      // named in it is down, so that the outcome stays unknown.
      peers.kill("c");
      peers.kill("b");
      MigrationId second = new MigrationId(UUID.randomUUID());
      Path file = directory.resolve("b-state").resolve("journal.db");
      try (Journal journal =
          Journal.open(
              file,
              failure -> {
                throw failure;
              })) {
        Journal.GuestEntry guest = journal.holders().getFirst().guest();
        journal.sourceGuest(second, guest);
        journal.append(second, new SourceRecord.AttemptOpened(1, TestPeers.id("c"), List.of()));
        journal.append(
            second, new SourceRecord.Granted(1, TestPeers.id("c"), 42, Optional.empty()));
      }
      pause(peers, first);
      long stoppedAt = atB.lastTick();
      peers.start("b");
      peers.awaitUp("b");
      Migration inDoubt =
          peers.await(
              "b",
              second.toString(),
              now -> now.getState() == MigrationState.MIGRATION_STATE_IN_DOUBT);
      assertThat(inDoubt.getOwner()).isEmpty();
      assertThat(atB.lastTick()).as("stands still").isEqualTo(stoppedAt);
      // The other peer comes back and has never heard of it: the guest is this peer's to run.
      peers.start("c");
      peers.awaitUp("c");
      Migration end = peers.await("b", second.toString(), Migration::hasEndedAt);
      assertThat(end.getOwner()).isEqualTo("b");
      atB.awaitTickAfter(stoppedAt);
      atB.assertSound();
    }
  }

  /** Makes the VM stand still as after a migration that QEMU has completed. */
  private static void pause(ProcessPeers peers, String migration) throws Exception {
    Path socket = peers.runDirectory("b").resolve(migration).resolve("qmp.sock");
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8));
        OutputStream out = Channels.newOutputStream(channel)) {
      in.readLine();
      command(in, out, "{\"execute\":\"qmp_capabilities\"}");
      command(in, out, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"exec:cat >/dev/null\"}}");
      long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (!command(in, out, "{\"execute\":\"query-status\"}").contains("postmigrate")) {
        assertThat(System.nanoTime()).isLessThan(deadlineNs);
      }
    }
  }

  private static String command(BufferedReader in, OutputStream out, String command)
      throws IOException {
    out.write((command + "\n").getBytes(StandardCharsets.UTF_8));
    out.flush();
    String line = in.readLine();
    while (!line.contains("\"return\"") && !line.contains("\"error\"")) {
      line = in.readLine();
    }
    return line;
  }

  private static void completed(ProcessPeers peers, String source, String migration)
      throws Exception {
    Migration end = peers.await(source, migration, Migration::hasEndedAt);
    assertThat(end.getState())
        .as(end.toString())
        .isEqualTo(MigrationState.MIGRATION_STATE_COMPLETED);
  }

  private static SerialLog serial(ProcessPeers peers, String at, String migration) {
    return new SerialLog(peers.runDirectory(at).resolve(migration).resolve(QemuTestVm.SERIAL));
  }

  private static Map<String, String> yaml(QemuTestVm vm) {
    StringBuilder template = new StringBuilder("qemu:\n  templates:\n    - command:\n");
    vm.adapterConfig()
        .templates()
        .getFirst()
        .command()
        .forEach(word -> template.append("        - \"").append(word).append("\"\n"));
    String adopted =
        template
            + "guests: {qemu: [{name: vm, qmp: %s}]}\n".formatted(vm.guestConfig().qmpSocket());
    return Map.of("a", adopted, "b", template.toString(), "c", template.toString());
  }
}
