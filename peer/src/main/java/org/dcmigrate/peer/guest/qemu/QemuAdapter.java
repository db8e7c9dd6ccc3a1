package org.dcmigrate.peer.guest.qemu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.peer.guest.Guest;
import org.dcmigrate.peer.guest.GuestAdapter;
import org.dcmigrate.peer.guest.GuestShell;
import org.dcmigrate.peer.memory.GuestHome;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.GuestMetadata;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;

/** Receives guests in QEMU processes that it starts from templates. */
public final class QemuAdapter implements GuestAdapter {
  static final String KIND = "qemu";

  private static final Duration START = Duration.ofSeconds(30);
  private static final String ACTIVATE_LATE = "late-block-activate";

  private final QemuAdapterConfig config;

  /** An adapter that knows these templates. */
  public QemuAdapter(QemuAdapterConfig config) {
    this.config = config;
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public GuestShell prepare(String guestName, GuestMetadata metadata, GuestHome home)
      throws DcmException {
    StreamRecord.Setup setup = Compatibility.checkMetadata(metadata);
    QemuFiles files = filesIn(home);
    files.check();
    CommandLine line = CommandLine.of(config, guestName, metadata, files);
    files.delete();
    Process process = QemuProcess.start(line.command(), files);
    MigrationWatch watch = new MigrationWatch();
    try {
      Qmp qmp = connect(process, files, watch);
      try {
        Compatibility.check(GuestFacts.ask(qmp), metadata);
        if (MigrationSettings.capabilities(qmp).containsKey(ACTIVATE_LATE)) {
          // Otherwise the guest's disks would be locked here from loading on, while the source may
          // still have to run on.
          MigrationSettings.setCapabilities(qmp, Map.of(ACTIVATE_LATE, true));
        }
        return new QemuShell(
            guestName, home, files, process, qmp, watch, setup, line.mapped(), config.setUp());
      } catch (DcmException refused) {
        qmp.close();
        throw refused;
      }
    } catch (DcmException refused) {
      QemuProcess.kill(process.toHandle());
      files.delete();
      throw refused;
    }
  }

  private static QemuFiles filesIn(GuestHome home) {
    return new QemuFiles(home.directory().toAbsolutePath().normalize());
  }

  private static Qmp connect(Process process, QemuFiles files, MigrationWatch watch)
      throws DcmException {
    long deadline = System.nanoTime() + START.toNanos();
    try {
      while (true) {
        if (Files.exists(files.socket())) {
          try {
            return Qmp.connect(files.socket(), watch);
          } catch (DcmException notYet) {
            if (System.nanoTime() > deadline) {
              throw notYet;
            }
          }
        }
        // Waits for the process's end while it waits for its socket.
        if (process.waitFor(10, TimeUnit.MILLISECONDS) || System.nanoTime() > deadline) {
          throw new DcmException(
              Reason.GUEST_FAILED,
              "QEMU did not start for this guest; correct the template by what it said: "
                  + files.lastWords());
        }
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new DcmException(
          Reason.GUEST_FAILED, "interrupted while QEMU was starting", interrupted);
    }
  }

  @Override
  public Guest recover(String guestName, GuestHome home, boolean resume) throws DcmException {
    QemuFiles files = filesIn(home);
    if (QemuProcess.find(files).isEmpty()) {
      throw new DcmException(
          Reason.GUEST_FAILED,
          "the QEMU of guest %s in %s is gone; the last it said: %s"
              .formatted(Text.quote(guestName), files.home(), files.lastWords()));
    }
    MigrationWatch watch = new MigrationWatch();
    try (Qmp qmp = Qmp.connect(files.socket(), watch)) {
      if (QemuGuest.settled(qmp, watch).equals("inmigrate")) {
        throw new DcmException(
            Reason.GUEST_FAILED,
            "guest %s has not got its device state, and cannot run here"
                .formatted(Text.quote(guestName)));
      }
      if (resume && files.readToStart()) {
        QemuGuest.run(qmp, watch);
        files.started();
      }
    } catch (IOException unreadable) {
      throw new DcmException(
          Reason.GUEST_FAILED,
          "whether guest %s is to run is not known: %s"
              .formatted(Text.quote(guestName), unreadable),
          unreadable);
    }
    return adopt(guestName, files, config.setUp());
  }

  @Override
  public GuestShell find(String guestName, GuestHome home) throws DcmException {
    return LoadedGuest.find(guestName, filesIn(home), config.setUp());
  }

  /** A guest that has arrived. */
  static QemuGuest adopt(String guestName, QemuFiles files, Duration setUp) {
    Path home = files.home();
    return new QemuGuest(
        new QemuGuestConfig(guestName, files.socket(), Map.of(), setUp), Optional.of(home));
  }

  @Override
  public void discardOrphan(GuestHome home) {
    QemuFiles files = filesIn(home);
    QemuProcess.kill(files);
    files.delete();
  }
}
