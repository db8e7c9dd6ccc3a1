package org.dcmigrate.conformance.cases;

import static org.dcmigrate.protocol.Reason.CAPABILITY_MISSING;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.NotApplicable;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.v1.GetPeerRequest;
import org.dcmigrate.v1.PeerServiceGrpc;

/** What the target says that it can: it does that, and refuses the rest. */
public final class CapabilityCases {
  private static final List<String> REGISTERED =
      List.of("contributor", "witness", "compression.zstd", "guest.synthetic", "guest.qemu");

  private CapabilityCases() {}

  /** All of them. */
  public static List<Case> all() {
    return List.of(
        Case.of(
            "capabilities/any/as-declared",
            "GetPeer names what the target's file or adapter declares, and nothing else",
            "DCM-CNF-001",
            CapabilityCases::asDeclared),
        Case.of(
            "capabilities/destination/named",
            "an Open that requires all capabilities that GetPeer names is accepted",
            "DCM-CNF-001",
            CapabilityCases::named),
        Case.of(
            "capabilities/destination/not-named",
            "an Open that requires a registered capability which GetPeer does not name is refused",
            "DCM-VER-003",
            CapabilityCases::notNamed));
  }

  /** What GetPeer names. */
  static Set<String> told(Trial trial) {
    return new TreeSet<>(
        Expect.one(
                "GetPeer",
                trial.call(PeerServiceGrpc.getGetPeerMethod(), GetPeerRequest.getDefaultInstance()))
            .getCapabilitiesList());
  }

  private static void asDeclared(Trial trial) {
    Set<String> declared =
        trial
            .declared()
            .capabilities()
            .orElseThrow(() -> new NotApplicable("the target declares no capabilities"));
    Expect.equal("capabilities in GetPeer", new TreeSet<>(declared), told(trial));
  }

  private static void named(Trial trial) {
    Set<String> told = trial.givenValue("GetPeer is answered", () -> told(trial));
    TestMigration migration = trial.migration();
    migration.opened(
        migration.open(migration.openRequest().addAllRequiredCapabilities(told).build()));
  }

  private static void notNamed(Trial trial) {
    Set<String> others = new TreeSet<>(REGISTERED);
    others.removeAll(trial.givenValue("GetPeer is answered", () -> told(trial)));
    if (others.isEmpty()) {
      throw new NotApplicable("the target names all registered capabilities");
    }
    TestMigration migration = trial.migration();
    for (String other : others) {
      Expect.refused(
          "Open that requires " + other,
          migration.open(migration.openRequest().addRequiredCapabilities(other).build()),
          CAPABILITY_MISSING);
    }
    trial.unchanged("the right Open is accepted", migration::opened);
  }
}
