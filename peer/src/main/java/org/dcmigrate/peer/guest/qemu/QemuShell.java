package org.dcmigrate.peer.guest.qemu;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.peer.guest.GuestShell;
import org.dcmigrate.peer.memory.GuestHome;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;

/** A QEMU that waits for its guest. What it takes for its source is this class. */
final class QemuShell implements GuestShell {
  private static final Duration LOAD = Duration.ofSeconds(60);
  private static final String DESCRIPTOR = "dcm-incoming";

  /** From 9.1 on a QEMU that fails to load can be asked why, instead of ending. */
  private static final int EXIT_ON_ERROR = 9001;

  private final String guestName;
  private final GuestHome home;
  private final QemuFiles files;
  private final Process process;
  private final Qmp qmp;
  private final MigrationWatch watch;
  private final StreamRecord.Setup setup;
  private final Set<Integer> mapped;
  private final Duration nextSetUp;
  private boolean toStart;
  private Optional<LoadedGuest> tried = Optional.empty();
  private boolean given;

  QemuShell(
      String guestName,
      GuestHome home,
      QemuFiles files,
      Process process,
      Qmp qmp,
      MigrationWatch watch,
      StreamRecord.Setup setup,
      Set<Integer> mapped,
      Duration nextSetUp) {
    this.guestName = guestName;
    this.home = home;
    this.files = files;
    this.process = process;
    this.qmp = qmp;
    this.watch = watch;
    this.setup = setup;
    this.mapped = mapped;
    this.nextSetUp = nextSetUp;
  }

  @Override
  public void load(byte[] deviceState) throws DcmException {
    try {
      play(deviceState);
      awaitLoaded();
      toStart = StreamTail.ran(deviceState);
      files.writeToStart(toStart);
    } catch (IOException failed) {
      throw failure(failed.toString(), failed);
    } catch (DcmException failed) {
      throw failure(failed.sentence(), failed);
    }
  }

  private void play(byte[] deviceState) throws DcmException, IOException {
    int[] pair = Posix.socketPair();
    try {
      try {
        qmp.passDescriptor(DESCRIPTOR, pair[1]);
      } finally {
        // With this open, writing would not fail when QEMU ends.
        Posix.close(pair[1]);
      }
      JsonObject arguments = new JsonObject();
      arguments.addProperty("uri", "fd:" + DESCRIPTOR);
      if (qmp.version() >= EXIT_ON_ERROR) {
        arguments.addProperty("exit-on-error", false);
      }
      qmp.execute("migrate-incoming", arguments);
      new StreamWriter(pair[0]).write(setup, home, mapped, deviceState);
    } finally {
      Posix.close(pair[0]);
    }
  }

  private void awaitLoaded() throws DcmException {
    JsonObject view =
        watch.askUntil(
            qmp,
            "query-migrate",
            one -> Set.of("completed", "failed").contains(MigrationWatch.text(one, "status")),
            LOAD);
    if (MigrationWatch.text(view, "status").equals("failed")) {
      throw new DcmException(
          Reason.GUEST_FAILED, Text.quote(MigrationWatch.text(view, "error-desc")));
    }
    String status = MigrationWatch.text(qmp.execute("query-status").getAsJsonObject(), "status");
    if (status.equals("running") || status.equals("inmigrate")) {
      throw new DcmException(
          Reason.GUEST_FAILED,
          "the guest must stand still after loading, but QEMU says %s; the template must keep -S"
              .formatted(status));
    }
  }

  private DcmException failure(String what, Exception cause) {
    try {
      // A QEMU of before 9.1 says why and ends; its words are complete when it has.
      process.waitFor(1, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    return new DcmException(
        Reason.GUEST_FAILED,
        "QEMU did not load the guest's device state (%s); it said: %s"
            .formatted(what, files.lastWords()),
        cause);
  }

  @Override
  public synchronized Resumption resume() throws DcmException {
    if (tried.isPresent()) {
      Resumption again = tried.get().resume();
      given = again instanceof Resumption.Done;
      return again;
    }
    try {
      Optional<Failure> refused =
          toStart ? LoadedGuest.run(qmp, watch, process.toHandle(), false) : Optional.empty();
      if (refused.isPresent()) {
        return new Resumption.NeverRan(refused.get());
      }
    } catch (DcmException unclear) {
      // Each further try has a connection of its own: this one may be what is broken.
      qmp.close();
      tried = Optional.of(new LoadedGuest(guestName, files, nextSetUp, true));
      throw unclear;
    }
    given = true;
    files.started();
    qmp.close();
    return new Resumption.Done(QemuAdapter.adopt(guestName, files, nextSetUp));
  }

  /** Forgets QEMU without ending it, as the end of this process would. */
  synchronized void abandon() {
    given = true;
    qmp.close();
  }

  @Override
  public synchronized void discard() {
    if (given) {
      return;
    }
    qmp.close();
    QemuProcess.kill(process.toHandle());
    files.delete();
  }
}
