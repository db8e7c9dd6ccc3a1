package org.dcmigrate.peer.source;

import java.util.function.Consumer;
import org.dcmigrate.peer.client.Peers;
import org.dcmigrate.peer.config.Timeouts;
import org.dcmigrate.peer.decision.Acceptors;
import org.dcmigrate.peer.decision.Ballots;
import org.dcmigrate.peer.guest.Guests;
import org.dcmigrate.peer.journal.Journal;
import org.dcmigrate.peer.trace.Trace;
import org.dcmigrate.peer.transfer.CompressionMode;
import org.dcmigrate.peer.transfer.EgressLimiter;
import org.dcmigrate.protocol.pages.PageDigest;

/**
 * What every migration that leaves this peer works with.
 *
 * @param guestLeft told the name of each guest that now runs elsewhere
 * @param observer told of each change of state, while it takes place
 */
public record SourceContext(
    Peers peers,
    Journal journal,
    Guests guests,
    EgressLimiter egress,
    Timeouts timeouts,
    PageDigest.Algorithm digest,
    Consumer<String> guestLeft,
    TransitionObserver observer,
    Acceptors acceptors,
    Ballots ballots,
    Trace trace,
    CompressionMode compression) {}
