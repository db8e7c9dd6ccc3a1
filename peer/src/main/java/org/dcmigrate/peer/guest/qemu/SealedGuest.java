package org.dcmigrate.peer.guest.qemu;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.dcmigrate.peer.guest.StoppedGuest;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;

/** A QEMU that regards its guest as given away. It connects anew for each thing it is to do. */
final class SealedGuest implements StoppedGuest {
  private static final Duration QUIT = Duration.ofSeconds(5);

  private final QemuGuest guest;
  private final Optional<ProcessHandle> process;
  private final boolean ran;
  private final Optional<MigrationSettings> settings;
  private Optional<GuestMemory> memory;

  /** Whether the memory was opened after the stream, so that copies of it have no content. */
  private boolean fresh;

  /**
   * @param pid QEMU's process
   * @param memory where the guest's memory is read from, if that is known already
   * @param ran whether the guest is to run when it is taken back
   * @param settings to put back when it is
   */
  SealedGuest(
      QemuGuest guest,
      long pid,
      Optional<GuestMemory> memory,
      boolean ran,
      Optional<MigrationSettings> settings) {
    this.guest = guest;
    this.process = ProcessHandle.of(pid);
    this.memory = memory;
    this.ran = ran;
    this.settings = settings;
  }

  @Override
  public synchronized void resume() throws DcmException {
    MigrationWatch watch = new MigrationWatch();
    try (Qmp qmp = Qmp.connect(guest.config().qmpSocket(), watch)) {
      if (ran) {
        QemuGuest.run(qmp, watch);
      }
      guest.started();
      settings.ifPresent(former -> former.restore(qmp));
    }
    closeMemory();
  }

  @Override
  public synchronized void quit() {
    closeMemory();
    try (Qmp qmp = Qmp.connect(guest.config().qmpSocket(), event -> {})) {
      Optional<ProcessHandle> process = ProcessHandle.of(qmp.pid());
      var _ = qmp.send("quit", new JsonObject());
      process.ifPresent(SealedGuest::awaitEnd);
    } catch (DcmException gone) {
      // Nobody answers at its socket: it has ended already.
    }
    try {
      guest.deleteHome();
    } catch (IOException leftOver) {
      // The files of a guest that is gone take space, and nothing else depends on them.
    }
  }

  @Override
  public boolean isThere() {
    return process.map(ProcessHandle::isAlive).orElse(true);
  }

  /** A guest that runs elsewhere must not come back here: what does not quit is killed. */
  private static void awaitEnd(ProcessHandle process) {
    try {
      process.onExit().get(QUIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException hangs) {
      QemuProcess.kill(process);
    }
  }

  @Override
  public synchronized void read(int block, long firstPage, int pageCount, MemorySegment into)
      throws DcmException {
    if (memory.isEmpty()) {
      memory = Optional.of(open());
      fresh = true;
    }
    if (fresh && memory.get().isCopied(block)) {
      throw new DcmException(
          Reason.GUEST_FAILED,
          "RAM block %d of guest %s is out of reach since this peer was restarted"
              .formatted(block, Text.quote(guest.name())));
    }
    memory.get().read(block, firstPage, pageCount, into);
  }

  private GuestMemory open() throws DcmException {
    try (Qmp qmp = Qmp.connect(guest.config().qmpSocket(), event -> {})) {
      Geometry geometry =
          new Geometry(
              GuestFacts.ask(qmp).blocks().stream()
                  .map(block -> new RamBlock(block.name(), block.usedBytes()))
                  .toList());
      return GuestMemory.open(qmp, geometry, guest.config().memoryFiles());
    }
  }

  private void closeMemory() {
    memory.ifPresent(GuestMemory::close);
    memory = Optional.empty();
  }
}
