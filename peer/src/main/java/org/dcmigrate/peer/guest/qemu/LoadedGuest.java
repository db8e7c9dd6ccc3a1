package org.dcmigrate.peer.guest.qemu;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.dcmigrate.peer.guest.GuestShell;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;

/**
 * A QEMU that outlived its peer with a guest loaded that has not run yet: what is left of a shell
 * after a restart of the peer.
 */
final class LoadedGuest implements GuestShell {
  private static final Set<String> STANDS_STILL =
      Set.of("paused", "prelaunch", "postmigrate", "inmigrate", "finish-migrate");

  private final String guestName;
  private final QemuFiles files;
  private final Duration nextSetUp;
  private boolean mayHaveRun;
  private boolean given;

  /**
   * @param mayHaveRun whether it was tried before to set it running, with an outcome not known
   */
  LoadedGuest(String guestName, QemuFiles files, Duration nextSetUp, boolean mayHaveRun) {
    this.guestName = guestName;
    this.files = files;
    this.nextSetUp = nextSetUp;
    this.mayHaveRun = mayHaveRun;
  }

  /**
   * Finds it.
   *
   * @param nextSetUp how long QEMU may take to begin the guest's next migration
   * @throws DcmException GUEST_FAILED when it is gone, or not as it was left
   */
  static LoadedGuest find(String guestName, QemuFiles files, Duration nextSetUp)
      throws DcmException {
    if (QemuProcess.find(files).isEmpty()) {
      throw new DcmException(
          Reason.GUEST_FAILED,
          "the QEMU of guest %s in %s is gone; the last it said: %s"
              .formatted(Text.quote(guestName), files.home(), files.lastWords()));
    }
    MigrationWatch watch = new MigrationWatch();
    try (Qmp qmp = Qmp.connect(files.socket(), watch)) {
      String status = QemuGuest.settled(qmp, watch);
      // The mark is written when the device state is loaded.
      files.readToStart();
      if (status.equals("inmigrate") || status.equals("running")) {
        throw new DcmException(
            Reason.GUEST_FAILED,
            "guest %s was to stand still with its device state loaded, but QEMU says %s"
                .formatted(Text.quote(guestName), status));
      }
    } catch (IOException unmarked) {
      throw new DcmException(
          Reason.GUEST_FAILED,
          "guest %s has not got its device state: %s".formatted(Text.quote(guestName), unmarked),
          unmarked);
    }
    return new LoadedGuest(guestName, files, nextSetUp, false);
  }

  @Override
  public void load(byte[] deviceState) {
    throw new AssertionError("the guest is loaded");
  }

  @Override
  public synchronized Resumption resume() throws DcmException {
    MigrationWatch watch = new MigrationWatch();
    boolean again = mayHaveRun;
    mayHaveRun = true;
    try (Qmp qmp = Qmp.connect(files.socket(), watch)) {
      Optional<ProcessHandle> process = QemuProcess.find(files);
      if (files.readToStart() && process.isPresent()) {
        Optional<Failure> refused = run(qmp, watch, process.get(), again);
        if (refused.isPresent()) {
          return new Resumption.NeverRan(refused.get());
        }
      }
    } catch (IOException unreadable) {
      throw new DcmException(
          Reason.GUEST_FAILED,
          "whether guest %s is to run is not known: %s"
              .formatted(Text.quote(guestName), unreadable),
          unreadable);
    }
    given = true;
    files.started();
    return new Resumption.Done(QemuAdapter.adopt(guestName, files, nextSetUp));
  }

  /**
   * Sets a loaded guest running. Where QEMU refuses to, and says itself that the guest stands
   * still, ends it and gives why: then it never ran.
   *
   * @param mayHaveRun whether it may have run before: then it is not ended
   * @throws DcmException when it may have run
   */
  static Optional<Failure> run(
      Qmp qmp, MigrationWatch watch, ProcessHandle process, boolean mayHaveRun)
      throws DcmException {
    if (!QemuGuest.settled(qmp, watch).equals("running")) {
      try {
        qmp.execute("cont");
      } catch (DcmException refused) {
        if (mayHaveRun) {
          throw refused;
        }
        // A QEMU that is silent now may have run the guest before.
        String status =
            MigrationWatch.text(qmp.execute("query-status").getAsJsonObject(), "status");
        if (!STANDS_STILL.contains(status)) {
          throw refused;
        }
        QemuProcess.kill(process);
        return Optional.of(refused.failure());
      }
    }
    QemuGuest.run(qmp, watch);
    return Optional.empty();
  }

  @Override
  public synchronized void discard() {
    if (!given) {
      QemuProcess.kill(files);
      files.delete();
    }
  }
}
