package org.dcmigrate.peer.source;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.forecast.Forecast;
import org.dcmigrate.protocol.forecast.Forecaster;
import org.dcmigrate.protocol.forecast.Sample;
import org.dcmigrate.protocol.machine.SourceState;
import org.dcmigrate.protocol.machine.SourceState.Transferring;

/** Takes the measurements of one migration together, so that a forecast can be made of them. */
final class Outlook {
  private final Forecaster forecaster = new Forecaster();
  private volatile Duration downtimeLimit;
  private volatile Optional<Forecast> forecast = Optional.empty();

  Outlook(Duration downtimeLimit) {
    this.downtimeLimit = downtimeLimit;
  }

  void limitDowntime(Duration limit) {
    downtimeLimit = limit;
  }

  Duration downtimeLimit() {
    return downtimeLimit;
  }

  /** As it looked at the last sample; empty while no pages are to flow. */
  Optional<Forecast> forecast() {
    return forecast;
  }

  /** To be called several times a second. */
  synchronized void sample(
      SourceState state,
      Optional<Pump.Flow> flow,
      SourcePages pages,
      Course course,
      HolderWatch watch) {
    Optional<Transferring> transfer =
        switch (state) {
          case Transferring transferring -> Optional.of(transferring);
          case SourceState.Redirecting redirecting -> Optional.of(redirecting.current());
          default -> Optional.empty();
        };
    if (transfer.isEmpty() || flow.isEmpty() || flow.get().epoch() != transfer.get().epoch()) {
      forecast = Optional.empty();
      return;
    }
    Pump.Flow now = flow.get();
    OptionalLong dirtyPages = course.dirtyPagesPerSecond();
    forecast =
        Optional.of(
            forecaster.add(
                new Sample(
                    System.nanoTime(),
                    now.epoch(),
                    (pages.resendPages() + course.leftPages()) * Geometry.PAGE_BYTES,
                    now.busy(),
                    now.sentChunks(),
                    now.acknowledgedChunks(),
                    now.acknowledgedBytes(),
                    dirtyPages.isPresent()
                        ? OptionalLong.of(dirtyPages.getAsLong() * Geometry.PAGE_BYTES)
                        : OptionalLong.empty(),
                    relays(transfer.get(), watch),
                    downtimeLimit.toNanos(),
                    watch.roundTripNs())));
  }

  private static List<Sample.Relay> relays(Transferring transfer, HolderWatch watch) {
    return transfer.contributors().entrySet().stream()
        .filter(each -> each.getValue() == SourceState.ContributorPhase.RELAYING)
        .flatMap(each -> relay(each.getKey(), watch).stream())
        .toList();
  }

  private static Optional<Sample.Relay> relay(PeerId peer, HolderWatch watch) {
    return watch
        .contributor(peer)
        .map(
            status ->
                new Sample.Relay(
                    peer,
                    status.waitingPages() * Geometry.PAGE_BYTES,
                    status.relayedPages() * Geometry.PAGE_BYTES));
  }

  /** Whole milliseconds, so that little is never nothing. */
  static long millis(long ns) {
    return ns <= 0 ? 0 : Math.max(1, TimeUnit.NANOSECONDS.toMillis(ns));
  }
}
