package org.dcmigrate.conformance.suite;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.dcmigrate.conformance.cases.AdmissionCases;
import org.dcmigrate.conformance.cases.CanaryCases;
import org.dcmigrate.conformance.cases.CapabilityCases;
import org.dcmigrate.conformance.cases.CertificateCases;
import org.dcmigrate.conformance.cases.CommitCases;
import org.dcmigrate.conformance.cases.ContributorCases;
import org.dcmigrate.conformance.cases.DecisionCases;
import org.dcmigrate.conformance.cases.EndingCases;
import org.dcmigrate.conformance.cases.FormCases;
import org.dcmigrate.conformance.cases.GridCases;
import org.dcmigrate.conformance.cases.GuestCases;
import org.dcmigrate.conformance.cases.HandshakeCases;
import org.dcmigrate.conformance.cases.LeaseCases;
import org.dcmigrate.conformance.cases.LossCases;
import org.dcmigrate.conformance.cases.MetadataCases;
import org.dcmigrate.conformance.cases.PageCases;
import org.dcmigrate.conformance.cases.PageRefusalCases;
import org.dcmigrate.conformance.cases.PathCases;
import org.dcmigrate.conformance.cases.PlanCases;
import org.dcmigrate.conformance.cases.RawCases;
import org.dcmigrate.conformance.cases.RedirectCases;
import org.dcmigrate.conformance.cases.RedirectMomentCases;
import org.dcmigrate.conformance.cases.RelayCases;
import org.dcmigrate.conformance.cases.RestartCases;
import org.dcmigrate.conformance.cases.SourceCases;
import org.dcmigrate.conformance.cases.SwitchoverCases;
import org.dcmigrate.conformance.cases.WitnessCases;

/** All cases there are. */
public final class Suite {
  private static final List<Case> ALL =
      Stream.of(
              HandshakeCases.all(),
              CapabilityCases.all(),
              CanaryCases.all(),
              MetadataCases.all(),
              PageCases.all(),
              PageRefusalCases.all(),
              SwitchoverCases.all(),
              CommitCases.all(),
              ContributorCases.all(),
              RelayCases.all(),
              WitnessCases.all(),
              DecisionCases.all(),
              EndingCases.all(),
              FormCases.all(),
              AdmissionCases.all(),
              CertificateCases.all(),
              LeaseCases.all(),
              GuestCases.all(),
              RawCases.all(),
              PathCases.all(),
              GridCases.all(),
              SourceCases.all(),
              RedirectCases.all(),
              RedirectMomentCases.all(),
              PlanCases.all(),
              LossCases.all(),
              RestartCases.all())
          .flatMap(List::stream)
          .toList();

  static {
    Set<String> names = new HashSet<>();
    for (Case each : ALL) {
      if (!names.add(each.name())) {
        throw new IllegalStateException("two cases are named " + each.name());
      }
    }
  }

  private static final Set<String> SMOKE =
      Set.of(
          "handshake/destination/version-chosen",
          "handshake/destination/older-epoch",
          "canary/destination/inventory",
          "errors/destination/form",
          "future/destination/open",
          "metadata/destination/accepted",
          "pages/destination/stored",
          "pages/destination/checksum",
          "merge/destination/newer-wins",
          "inventory/destination/generations",
          "digests/destination/crc64",
          "switchover/destination/prepared",
          "commit/destination/running",
          "detach/contributor/inventory",
          "detach/contributor/old-epoch-refused",
          "abort/destination/forgets",
          "witness/witness/appointed",
          "plain/source/copy-ended");

  private Suite() {}

  /** Those that tell within seconds whether anything works. */
  public static List<Case> smoke() {
    return ALL.stream().filter(each -> SMOKE.contains(each.name())).toList();
  }

  /** All cases, in the order in which they run. */
  public static List<Case> all() {
    return ALL;
  }

  /**
   * The cases whose names fit one of the globs, or all where there is none. {@code *} stands for
   * any characters within a part of the name, {@code **} for any at all.
   */
  public static List<Case> matching(List<String> globs) {
    return ALL.stream()
        .filter(
            each ->
                globs.isEmpty() || globs.stream().anyMatch(glob -> Glob.fits(glob, each.name())))
        .toList();
  }
}
