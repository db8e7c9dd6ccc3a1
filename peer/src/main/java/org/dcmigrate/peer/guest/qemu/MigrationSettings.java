package org.dcmigrate.peer.guest.qemu;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;

/** QEMU's migration capabilities and parameters: checked, set, and put back afterwards. */
final class MigrationSettings {
  private static final int OLDEST = 7002;
  private static final long LONGEST_DOWNTIME_MS = 2_000_000;

  /** As good as no limit; QEMU's own default would be 128 MiB per second. */
  private static final long UNLIMITED = 1L << 50;

  /** What changes the stream or the course of things, but nothing that an operator relies on. */
  private static final Set<String> SWITCHED_OFF =
      Set.of(
          "compress",
          "mapped-ram",
          "multifd",
          "pause-before-switchover",
          "postcopy-blocktime",
          "postcopy-preempt",
          "postcopy-ram",
          "rdma-pin-all",
          "release-ram",
          "switchover-ack",
          "x-ignore-shared",
          "xbzrle",
          "zero-copy-send");

  /** What somebody who has switched it on expects to work. */
  private static final Set<String> REFUSED =
      Set.of("background-snapshot", "block", "dirty-bitmaps", "x-colo");

  private static final Set<String> SWITCHED_ON = Set.of("events", "return-path");

  private final Map<String, Boolean> formerCapabilities;
  private final JsonObject formerParameters;

  private MigrationSettings(Map<String, Boolean> formerCapabilities, JsonObject formerParameters) {
    this.formerCapabilities = formerCapabilities;
    this.formerParameters = formerParameters;
  }

  /**
   * Checks that the guest can be migrated, and changes nothing.
   *
   * @throws DcmException GUEST_UNSUPPORTED or GUEST_BUSY
   */
  static MigrationSettings check(Qmp qmp) throws DcmException {
    if (qmp.version() < OLDEST) {
      throw unsupported(
          "QEMU must have version 7.2 or later, but has %d.%d; upgrade it"
              .formatted(qmp.version() / 1000, qmp.version() % 1000));
    }
    JsonObject migration = qmp.execute("query-migrate").getAsJsonObject();
    String status = MigrationWatch.text(migration, "status");
    if (!Set.of("", "none", "completed", "failed", "cancelled").contains(status)) {
      throw new DcmException(
          Reason.GUEST_BUSY,
          "QEMU already migrates this guest (status %s); wait for its end or cancel it there"
              .formatted(Text.quote(status)));
    }
    JsonElement blocked = migration.get("blocked-reasons");
    if (blocked != null && !blocked.getAsJsonArray().isEmpty()) {
      String first = blocked.getAsJsonArray().get(0).getAsString();
      throw unsupported("QEMU cannot migrate this guest now: " + Text.quote(first));
    }
    Map<String, Boolean> capabilities = capabilities(qmp);
    for (String name : REFUSED) {
      if (capabilities.getOrDefault(name, false)) {
        throw unsupported("the migration capability %s must be off; switch it off".formatted(name));
      }
    }
    JsonObject parameters = qmp.execute("query-migrate-parameters").getAsJsonObject();
    if (!MigrationWatch.text(parameters, "tls-creds").isEmpty()) {
      throw unsupported(
          "the migration parameter tls-creds must be empty, as QEMU's stream does not leave this"
              + " machine; set it to an empty text");
    }
    checkStream(qmp);
    JsonObject former = new JsonObject();
    for (String name : List.of("max-bandwidth", "downtime-limit")) {
      if (parameters.has(name)) {
        former.add(name, parameters.get(name));
      }
    }
    return new MigrationSettings(capabilities, former);
  }

  private static void checkStream(Qmp qmp) throws DcmException {
    JsonObject property = new JsonObject();
    property.addProperty("path", "/machine");
    property.addProperty("property", "suppress-vmdesc");
    if (qmp.execute("qom-get", property).getAsBoolean()) {
      throw unsupported(
          "the machine option suppress-vmdesc must be off, as the end of the device state could not"
              + " be found; start the guest without it");
    }
  }

  /** Whether this QEMU knows a capability. */
  boolean knows(String capability) {
    return formerCapabilities.containsKey(capability);
  }

  /** Sets everything for a migration in which the guest does not stop yet. */
  void apply(Qmp qmp) throws DcmException {
    Map<String, Boolean> wanted = new TreeMap<>();
    for (String name : formerCapabilities.keySet()) {
      if (SWITCHED_ON.contains(name)) {
        wanted.put(name, true);
      } else if (SWITCHED_OFF.contains(name)) {
        wanted.put(name, false);
      }
    }
    setCapabilities(qmp, wanted);
    JsonObject parameters = downtime(Duration.ofMillis(1));
    parameters.addProperty("max-bandwidth", UNLIMITED);
    qmp.execute("migrate-set-parameters", parameters);
  }

  /** Puts back what was set before; what QEMU refuses stays as it is. */
  void restore(Qmp qmp) {
    Map<String, Boolean> wanted = new TreeMap<>();
    formerCapabilities.forEach(
        (name, on) -> {
          if (SWITCHED_ON.contains(name) || SWITCHED_OFF.contains(name)) {
            wanted.put(name, on);
          }
        });
    try {
      setCapabilities(qmp, wanted);
      qmp.execute("migrate-set-parameters", formerParameters);
    } catch (DcmException refused) {
      // The guest is what counts; a later migration sets all of this anew.
    }
  }

  /** The arguments that set how long the guest may stand still; 1 ms is QEMU's least. */
  static JsonObject downtime(Duration limit) {
    JsonObject parameters = new JsonObject();
    parameters.addProperty("downtime-limit", Math.clamp(limit.toMillis(), 1, LONGEST_DOWNTIME_MS));
    return parameters;
  }

  /** All capabilities that this QEMU knows, and whether they are on. */
  static Map<String, Boolean> capabilities(Qmp qmp) throws DcmException {
    Map<String, Boolean> capabilities = new TreeMap<>();
    for (JsonElement one : qmp.execute("query-migrate-capabilities").getAsJsonArray()) {
      JsonObject capability = one.getAsJsonObject();
      capabilities.put(
          capability.get("capability").getAsString(), capability.get("state").getAsBoolean());
    }
    return capabilities;
  }

  /** Switches capabilities on and off. */
  static void setCapabilities(Qmp qmp, Map<String, Boolean> wanted) throws DcmException {
    JsonArray capabilities = new JsonArray();
    wanted.forEach(
        (name, on) -> {
          JsonObject capability = new JsonObject();
          capability.addProperty("capability", name);
          capability.addProperty("state", on);
          capabilities.add(capability);
        });
    JsonObject arguments = new JsonObject();
    arguments.add("capabilities", capabilities);
    qmp.execute("migrate-set-capabilities", arguments);
  }

  private static DcmException unsupported(String sentence) {
    return new DcmException(Reason.GUEST_UNSUPPORTED, sentence);
  }
}
