package org.dcmigrate.protocol.forecast;

import java.util.List;
import java.util.OptionalLong;
import org.dcmigrate.protocol.PeerId;

/**
 * One look at a running transfer. Counters only grow within an epoch; bytes are those of pages.
 *
 * @param atNs when, on any steady clock
 * @param epoch of the destination; another epoch begins all measurements anew
 * @param leftBytes what the source would still have to send if the guest stopped now, &gt;= 0
 * @param busy whether the source had something to send since the sample before
 * @param sentChunks handed to the transport
 * @param acknowledgedChunks at most {@code sentChunks}
 * @param acknowledgedBytes payload of the acknowledged chunks
 * @param dirtyBytesPerSecond what the guest makes dirty that was clean; empty: not known
 * @param relays contributors that have still to relay, or have relayed
 * @param downtimeLimitNs how long the guest may stand still
 * @param roundTripNs to the destination and back; empty: not measured yet
 */
public record Sample(
    long atNs,
    long epoch,
    long leftBytes,
    boolean busy,
    long sentChunks,
    long acknowledgedChunks,
    long acknowledgedBytes,
    OptionalLong dirtyBytesPerSecond,
    List<Relay> relays,
    long downtimeLimitNs,
    OptionalLong roundTripNs) {
  public Sample {
    relays = List.copyOf(relays);
  }

  /**
   * What a contributor does.
   *
   * @param waitingBytes that it has still to relay
   * @param relayedBytes that it has relayed in this epoch
   */
  public record Relay(PeerId peer, long waitingBytes, long relayedBytes) {}

  boolean isPending() {
    return sentChunks > acknowledgedChunks;
  }

  long waitingBytes() {
    return relays.stream().mapToLong(Relay::waitingBytes).sum();
  }
}
