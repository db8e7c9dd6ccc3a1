package org.dcmigrate.peer.holder;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
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

/**
 * What every holder at this peer works with.
 *
 * @param givenAway at start, the names of guests that this peer has granted to others without
 *     knowing the outcome: found again, but not set running
 */
public record HolderContext(
    Peers peers,
    Journal journal,
    Guests guests,
    List<GuestAdapter> adapters,
    Path runDirectory,
    long memoryLimitBytes,
    EgressLimiter egress,
    Timeouts timeouts,
    Set<String> givenAway,
    Acceptors acceptors,
    Ballots ballots,
    Trace trace,
    CompressionMode compression) {
  public HolderContext {
    adapters = List.copyOf(adapters);
    givenAway = Set.copyOf(givenAway);
  }
}
