package org.dcmigrate.ctl;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.dcmigrate.v1.GetPeerRequest;
import org.dcmigrate.v1.GetPeerResponse;
import org.dcmigrate.v1.ListPeersRequest;
import org.dcmigrate.v1.ListPeersResponse;

/** What {@code dcmctl peer} and {@code dcmctl limits} do. */
final class PeerOperations {
  private PeerOperations() {}

  static int list(Environment environment, GlobalOptions options, Output output)
      throws CtlException {
    try (Session session = Session.open(environment, options)) {
      ListPeersResponse all =
          Session.ask(() -> session.peers().listPeers(ListPeersRequest.getDefaultInstance()));
      List<String> header = new ArrayList<>(List.of("NAME", "REACHABLE", "ROUND-TRIP", "ENDPOINT"));
      if (output.isWide()) {
        header.addAll(List.of("IDENTITY", "FAILURE"));
      }
      Table table = Table.withHeader(header);
      all.getPeersList().forEach(peer -> table.row(row(peer, output.isWide())));
      output.print(
          all, table, all.getPeersList().stream().map(ListPeersResponse.Peer::getName).toList());
      return ExitCode.DONE;
    }
  }

  static int show(Environment environment, GlobalOptions options, Output output)
      throws CtlException {
    try (Session session = Session.open(environment, options)) {
      GetPeerResponse peer =
          Session.ask(() -> session.peers().getPeer(GetPeerRequest.getDefaultInstance()));
      output.print(peer, facts(peer), List.of(peer.getName()));
      return ExitCode.DONE;
    }
  }

  private static List<String> row(ListPeersResponse.Peer peer, boolean wide) {
    List<String> cells =
        new ArrayList<>(
            List.of(
                peer.getName(),
                peer.getReachable() ? "yes" : "no",
                peer.getReachable()
                    ? String.format(Locale.ROOT, "%.1f ms", peer.getRoundTripUs() / 1e3)
                    : "",
                peer.getEndpoint()));
    if (wide) {
      cells.addAll(List.of(peer.getIdentity(), peer.getFailure()));
    }
    return cells;
  }

  private static Table facts(GetPeerResponse peer) {
    return Table.ofFacts()
        .fact("name", peer.getName())
        .fact("identity", peer.getIdentity())
        .fact("implementation", peer.getImplementation())
        .fact(
            "protocol versions",
            peer.getVersionsList().stream().map(String::valueOf).collect(Collectors.joining(", ")))
        .fact("capabilities", String.join(", ", peer.getCapabilitiesList()))
        .fact("guests", String.valueOf(peer.getGuestCount()))
        .fact("migrations", String.valueOf(peer.getMigrationCount()))
        .fact("egress limit", LimitsOperations.limit(peer.getEgressBytesPerSecond()));
  }
}
