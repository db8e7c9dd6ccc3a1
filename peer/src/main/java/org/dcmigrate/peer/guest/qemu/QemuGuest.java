package org.dcmigrate.peer.guest.qemu;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.dcmigrate.peer.guest.Guest;
import org.dcmigrate.peer.guest.GuestSource;
import org.dcmigrate.peer.guest.StoppedGuest;
import org.dcmigrate.peer.memory.GuestHome;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;

/**
 * A guest in a QEMU process that is not a child of this one: it lives on whatever happens to this
 * peer, and is reached through its QMP socket alone.
 */
public final class QemuGuest implements Guest {
  /** How long to wait for QEMU to get over an attempt before it is left to itself. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  private final QemuGuestConfig config;
  private final Optional<Path> home;
  private final AtomicReference<Optional<QemuSource>> source =
      new AtomicReference<>(Optional.empty());
  private final AtomicReference<Info> lastInfo =
      new AtomicReference<>(new Info(QemuAdapter.KIND, State.UNREACHABLE, 0, Map.of()));
  private Use use = Use.FREE;
  private long attempts;

  private enum Use {
    FREE,
    MIGRATING,
    /** The migration is over here, and QEMU has not got over it. */
    WINDING_DOWN
  }

  /** A guest that somebody else started. */
  public QemuGuest(QemuGuestConfig config) {
    this(config, Optional.empty());
  }

  /** A guest that this peer received, which lives in a directory that goes when the guest goes. */
  QemuGuest(QemuGuestConfig config, Optional<Path> home) {
    this.config = config;
    this.home = home;
  }

  @Override
  public String name() {
    return config.name();
  }

  @Override
  public Info info() {
    // QEMU serves one client at a time, so a running migration's connection must serve this too.
    Optional<QemuSource> migrating = source.get();
    if (windsDown()) {
      return unreachable("QEMU is still ending an attempt to migrate this guest");
    }
    try {
      if (migrating.isPresent()) {
        try {
          return migrating.get().info(this::describe);
        } catch (DcmException failed) {
          if (source.get().isPresent()) {
            throw failed;
          }
          // It ended just now, and its connection with it.
        }
      }
      try (Qmp qmp = Qmp.connect(config.qmpSocket(), event -> {})) {
        return describe(qmp);
      }
    } catch (DcmException failed) {
      return unreachable(
          isBeginning() ? "QEMU is setting a migration of this guest up" : failed.sentence());
    }
  }

  private Info unreachable(String why) {
    Map<String, String> details = new TreeMap<>(lastInfo.get().details());
    details.put("error", why);
    return new Info(QemuAdapter.KIND, State.UNREACHABLE, lastInfo.get().memoryBytes(), details);
  }

  private synchronized boolean isBeginning() {
    return use == Use.MIGRATING && source.get().isEmpty();
  }

  private Info describe(Qmp qmp) throws DcmException {
    JsonObject view = qmp.execute("query-status").getAsJsonObject();
    JsonObject size = qmp.execute("query-memory-size-summary").getAsJsonObject();
    String machine = GuestFacts.property(qmp, "/machine", "type").getAsString();
    String status = MigrationWatch.text(view, "status");
    Info info =
        new Info(
            QemuAdapter.KIND,
            view.get("running").getAsBoolean() ? State.RUNNING : State.PAUSED,
            memoryBytes(size),
            new TreeMap<>(
                Map.of(
                    "machine",
                    machine,
                    "qemu",
                    qmp.version() / 1000 + "." + qmp.version() % 1000,
                    "status",
                    status,
                    "pid",
                    Long.toString(qmp.pid()),
                    "qmp",
                    config.qmpSocket().toString())));
    lastInfo.set(info);
    return info;
  }

  /** Memory from the start on, and what is plugged, e.g. a pc-dimm. */
  private static long memoryBytes(JsonObject size) {
    JsonElement plugged = size.get("plugged-memory");
    return size.get("base-memory").getAsLong() + (plugged == null ? 0 : plugged.getAsLong());
  }

  @Override
  public GuestSource beginMigration(Duration downtimeLimit) throws DcmException {
    long attempt = take();
    try {
      QemuSourceParts parts = QemuSourceParts.begin(this, "dcm");
      QemuSource begun = new QemuSource(this, parts, downtimeLimit);
      source.set(Optional.of(begun));
      return begun;
    } catch (DcmException refused) {
      free(attempt);
      throw refused;
    }
  }

  private synchronized long take() throws DcmException {
    use =
        switch (use) {
          case FREE -> Use.MIGRATING;
          case MIGRATING ->
              throw busy("guest %s is already in migration; wait for its end or cancel it");
          case WINDING_DOWN ->
              throw busy(
                  "QEMU is still ending this peer's last attempt to migrate guest %s, which it took"
                      + " too long to set up; try again in a while, with a larger"
                      + " timeouts.guestSetUp");
        };
    attempts++;
    return attempts;
  }

  private DcmException busy(String sentence) {
    return new DcmException(Reason.GUEST_BUSY, sentence.formatted(Text.quote(name())));
  }

  private synchronized void free(long attempt) {
    if (use == Use.MIGRATING && attempts == attempt) {
      use = Use.FREE;
    }
  }

  /**
   * Ends a migration whose QEMU may hear of nothing for long: waits a little, and leaves the rest
   * to a thread of its own. The guest is not free before.
   */
  void windDown(Runnable end) {
    windDown(end, GRACE);
  }

  void windDown(Runnable end, Duration grace) {
    synchronized (this) {
      use = Use.WINDING_DOWN;
    }
    released();
    try {
      Thread.ofPlatform()
          .daemon()
          .name("wind-down-" + name())
          .start(() -> windDownNow(end))
          .join(grace);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void windDownNow(Runnable end) {
    try {
      end.run();
    } finally {
      synchronized (this) {
        use = Use.FREE;
      }
    }
  }

  synchronized boolean windsDown() {
    return use == Use.WINDING_DOWN;
  }

  /** The migration does without its connection to QEMU from now on. */
  void released() {
    source.set(Optional.empty());
  }

  /** The migration is over, however it ended. */
  void ended() {
    released();
    synchronized (this) {
      use = Use.FREE;
    }
  }

  @Override
  public StoppedGuest recover(boolean paused) throws DcmException {
    MigrationWatch watch = new MigrationWatch();
    try (Qmp qmp = Qmp.connect(config.qmpSocket(), watch)) {
      // A migration that got to its end leaves another state behind, also where the guest stood
      // still before: then only its peer knows.
      boolean ran = !paused && !settled(qmp, watch).equals("paused");
      return new SealedGuest(this, qmp.pid(), Optional.empty(), ran, Optional.empty());
    }
  }

  /** Waits until no migration is about to set the guest running; gives the state it is in. */
  static String settled(Qmp qmp, MigrationWatch watch) throws DcmException {
    return MigrationWatch.text(
        watch.askUntil(
            qmp,
            "query-status",
            view -> !MigrationWatch.text(view, "status").equals("finish-migrate"),
            Qmp.PATIENCE),
        "status");
  }

  /** Sets the guest running where it stands still; QEMU refuses while its disks are locked. */
  static void run(Qmp qmp, MigrationWatch watch) throws DcmException {
    if (settled(qmp, watch).equals("running")) {
      return;
    }
    qmp.execute("cont");
    watch.askUntil(
        qmp,
        "query-status",
        view -> MigrationWatch.text(view, "status").equals("running"),
        Qmp.PATIENCE);
  }

  QemuGuestConfig config() {
    return config;
  }

  /** Notes that the guest has to be set running again where it is not given away. */
  void toStart(boolean start) throws DcmException {
    if (home.isPresent()) {
      try {
        new QemuFiles(home.get()).writeToStart(start);
      } catch (IOException failed) {
        throw new DcmException(
            Reason.GUEST_FAILED,
            "%s: that the guest is to run again is not noted: %s".formatted(home.get(), failed),
            failed);
      }
    }
  }

  /** Notes that the guest, which was not given away, was set running again. */
  void started() {
    home.ifPresent(directory -> new QemuFiles(directory).started());
  }

  /** Deletes what this peer made for the guest, once its QEMU is gone. */
  void deleteHome() throws IOException {
    if (home.isPresent()) {
      GuestHome.delete(home.get());
    }
  }
}
