package org.dcmigrate.protocol.forecast;

import java.util.Optional;
import java.util.OptionalLong;
import org.dcmigrate.protocol.PeerId;

/**
 * What becomes of a transfer, as it looks now. Times in nanoseconds, rates in bytes per second.
 *
 * @param bandwidth acknowledged while the source had something to send; 0: not measured
 * @param dirtyRate what the guest makes dirty; empty: not known
 * @param timeLeftNs until the guest may stop; empty: not known, or never. With {@link
 *     Verdict#MEASURING} at the least
 * @param expectedDowntimeNs the guest would stand still so long for its last pages if it stopped
 *     now; empty: not known
 * @param downtimeLimitNs how long it may
 * @param sufficientLimitMs a downtime limit that lets the guest stop, 1 to 60,000; only with {@link
 *     Verdict#NOT_CONVERGING}, and where there is one
 * @param stall only with {@link Verdict#STALLED}
 */
public record Forecast(
    Verdict verdict,
    long bandwidth,
    OptionalLong dirtyRate,
    OptionalLong timeLeftNs,
    OptionalLong expectedDowntimeNs,
    long downtimeLimitNs,
    OptionalLong sufficientLimitMs,
    Optional<Stall> stall) {

  /**
   * Nothing moves.
   *
   * @param contributor that relays nothing; empty: the destination acknowledges nothing
   * @param forNs for how long
   */
  public record Stall(Optional<PeerId> contributor, long forNs) {}
}
