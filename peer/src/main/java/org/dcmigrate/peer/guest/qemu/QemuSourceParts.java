package org.dcmigrate.peer.guest.qemu;

import com.google.gson.JsonObject;
import java.lang.foreign.Arena;
import java.util.Set;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.GuestMetadata;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;

/** What a {@link QemuSource} is made of: a migration that QEMU has begun, and all that is known. */
record QemuSourceParts(
    Qmp qmp,
    MigrationWatch watch,
    MigrationSettings settings,
    GuestMemory memory,
    GuestMetadata metadata,
    MigrationRun run) {
  private static final Set<String> MIGRATABLE = Set.of("running", "paused");

  /**
   * Checks that the guest can be migrated, and begins.
   *
   * @param guest which takes over what QEMU has begun and does not end soon
   * @param descriptors a name for descriptors that this connection has not used
   * @throws DcmException GUEST_UNSUPPORTED, GUEST_BUSY or GUEST_FAILED; nothing is changed then
   */
  static QemuSourceParts begin(QemuGuest guest, String descriptors) throws DcmException {
    QemuGuestConfig config = guest.config();
    MigrationWatch watch = new MigrationWatch();
    Qmp qmp = Qmp.connect(config.qmpSocket(), watch);
    try {
      MigrationSettings settings = MigrationSettings.check(qmp);
      checkRunState(qmp);
      GuestFacts facts = GuestFacts.ask(qmp);
      Geometry listed =
          new Geometry(
              facts.blocks().stream()
                  .map(block -> new RamBlock(block.name(), block.usedBytes()))
                  .toList());
      GuestMemory memory = GuestMemory.open(qmp, listed, config.memoryFiles());
      MigrationRun run = new MigrationRun(qmp, watch, Arena.ofAuto(), descriptors, config.setUp());
      try {
        settings.apply(qmp);
        StreamRecord.Setup setup = run.start();
        GuestMetadata metadata =
            new GuestMetadata(
                QemuAdapter.KIND, setup.geometry(), facts.properties(), setup.preamble());
        return new QemuSourceParts(
            qmp, watch, settings, memory.arranged(setup.geometry()), metadata, run);
      } catch (DcmException failed) {
        memory.close();
        if (run.settingUp()) {
          guest.windDown(() -> giveUp(run, settings, qmp));
        } else {
          undo(run, settings, qmp, failed);
        }
        throw failed;
      }
    } catch (DcmException failed) {
      if (!guest.windsDown()) {
        qmp.close();
      }
      throw failed;
    }
  }

  private static void giveUp(MigrationRun run, MigrationSettings settings, Qmp qmp) {
    try {
      run.giveUp();
      settings.restore(qmp);
    } catch (DcmException unreachable) {
      // Whether QEMU got over it, the next migration asks.
    } finally {
      qmp.close();
    }
  }

  private static void undo(
      MigrationRun run, MigrationSettings settings, Qmp qmp, DcmException cause) {
    try {
      run.stop();
    } catch (DcmException second) {
      cause.addSuppressed(second);
    }
    settings.restore(qmp);
  }

  private static void checkRunState(Qmp qmp) throws DcmException {
    JsonObject view = qmp.execute("query-status").getAsJsonObject();
    String status = MigrationWatch.text(view, "status");
    if (status.equals("postmigrate")) {
      throw new DcmException(
          Reason.GUEST_UNSUPPORTED,
          "QEMU migrates no guest that has stood still since its last migration; set it running"
              + " (cont) first, where no other copy of it runs");
    }
    if (!MIGRATABLE.contains(status)) {
      throw new DcmException(
          Reason.GUEST_UNSUPPORTED,
          "the guest must be running or paused, but QEMU says %s; bring it into order first"
              .formatted(Text.quote(status)));
    }
  }
}
