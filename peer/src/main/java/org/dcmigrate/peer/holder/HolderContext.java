package org.dcmigrate.peer.holder;

import java.nio.file.Path;
import java.util.List;
import org.dcmigrate.peer.client.Peers;
import org.dcmigrate.peer.config.Timeouts;
import org.dcmigrate.peer.decision.Acceptors;
import org.dcmigrate.peer.decision.Ballots;
import org.dcmigrate.peer.guest.GuestAdapter;
import org.dcmigrate.peer.guest.Guests;
import org.dcmigrate.peer.journal.Journal;
import org.dcmigrate.peer.trace.Trace;
import org.dcmigrate.peer.transfer.CompressionMode;
import org.dcmigrate.peer.transfer.EgressLimiter;

/** What every holder at this peer works with. */
public record HolderContext(
    Peers peers,
    Journal journal,
    Guests guests,
    List<GuestAdapter> adapters,
    Path runDirectory,
    long memoryLimitBytes,
    EgressLimiter egress,
    Timeouts timeouts,
    Acceptors acceptors,
    Ballots ballots,
    Trace trace,
    CompressionMode compression) {
  public HolderContext {
    adapters = List.copyOf(adapters);
  }
}
