package org.dcmigrate.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.v1.Migration;

/** Three peers on links that can be slowed down, and what the grid does with them. */
final class GridRig {
  static final String SOURCE = "a";
  static final String OLD = "b";
  static final String NEW = "c";

  private static final List<String> HOSTS = List.of(SOURCE, OLD, NEW);
  private static final double NS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);

  // The goodput is measured between these parts of a transfer, away from its start and its end.
  private static final double STEADY_FROM = 0.15;
  private static final double STEADY_TO = 0.85;
  private static final double CALIBRATION_SECONDS = 2.5;
  private static final long LEAST_CALIBRATION_BYTES = 32L << 20;
  private static final long MIB = 1 << 20;

  private final ShapedNetwork network;
  private final Operator operator;
  private int guests;

  private GridRig(ShapedNetwork network, Operator operator) {
    this.network = network;
    this.operator = operator;
  }

  /** Starts the peers, with mutual TLS. */
  static GridRig start(Workspace workspace, String congestionControl) throws BenchException {
    ShapedNetwork network = ShapedNetwork.create(workspace, HOSTS, congestionControl);
    Fleet fleet = Fleet.start(workspace, network, "grid", HOSTS, Fleet.Protection.TLS, Map.of());
    return new GridRig(network, new Operator(fleet, SOURCE));
  }

  /** A redirect, as it went. */
  record Redirected(
      double fraction,
      double seconds,
      double downtimeSeconds,
      long sourceBytes,
      long contributorBytes,
      long duplicateBytes) {}

  /** A cancel and the migration after it, as they went. */
  record Restarted(double seconds, double cancelSeconds, double downtimeSeconds) {}

  /**
   * What a plain migration moves per second, payload only, over links of one bandwidth.
   *
   * @param bytesPerSecond on the wire
   */
  double goodput(double bytesPerSecond, long mostBytes) throws BenchException {
    shape(new Links(bytesPerSecond, bytesPerSecond, bytesPerSecond));
    long bytes =
        Math.clamp(
            (long) (bytesPerSecond * CALIBRATION_SECONDS),
            Math.min(LEAST_CALIBRATION_BYTES, mostBytes),
            mostBytes);
    String guest = newGuest();
    operator.create(guest, SyntheticGuest.idle(bytes / MIB * MIB));
    List<Sample> samples = new ArrayList<>();
    String migration = operator.migrate(guest, NEW);
    operator.awaitHeld(migration, STEADY_TO, now -> samples.add(Sample.of(now)));
    operator.delete(guest, operator.awaitCompleted(migration).getDestination());
    return steadyRate(samples);
  }

  /** What was held at one moment. */
  record Sample(long atNs, long heldPages, double held) {
    static Sample of(Migration now) {
      return new Sample(System.nanoTime(), now.getProgress().getHeldPages(), Operator.held(now));
    }
  }

  /** The rate in the middle of a transfer. */
  static double steadyRate(List<Sample> samples) throws BenchException {
    // The source learns what is held a few times a second: only where it changes, it is new.
    List<Sample> changes = new ArrayList<>();
    long last = 0;
    for (Sample sample : samples) {
      if (sample.heldPages() != last && sample.held() >= STEADY_FROM) {
        changes.add(sample);
      }
      last = sample.heldPages();
    }
    if (changes.size() < 2) {
      throw new BenchException("the transfer was over too soon to measure its rate");
    }
    Sample first = changes.getFirst();
    Sample end = changes.getLast();
    return (end.heldPages() - first.heldPages())
        * SyntheticGuest.PAGE_BYTES
        * NS_PER_SECOND
        / (end.atNs() - first.atNs());
  }

  /** Migrates to the old destination and redirects to the new one. */
  Redirected redirect(Links wire, SyntheticGuest spec, double fraction) throws BenchException {
    shape(wire);
    String guest = newGuest();
    operator.create(guest, spec);
    String migration = operator.migrate(guest, OLD);
    operator.awaitHeld(migration, fraction, now -> true);
    Migration turned = operator.redirect(migration, NEW);
    Migration end = operator.awaitCompleted(migration);
    operator.delete(guest, NEW);
    return new Redirected(
        end.getOutcome().getRedirectedAtFraction(),
        end.getOutcome().getAfterRedirectNs() / NS_PER_SECOND,
        end.getOutcome().getDowntimeNs() / NS_PER_SECOND,
        end.getProgress().getSourceBytes() - turned.getProgress().getSourceBytes(),
        end.getProgress().getContributorBytes(),
        end.getProgress().getDuplicateBytes());
  }

  /** Migrates to the old destination, cancels, and migrates to the new one. */
  Restarted restart(Links wire, SyntheticGuest spec, double fraction) throws BenchException {
    shape(wire);
    String guest = newGuest();
    operator.create(guest, spec);
    String first = operator.migrate(guest, OLD);
    operator.awaitHeld(first, fraction, now -> true);
    long startedNs = System.nanoTime();
    operator.cancel(first);
    double cancelSeconds = (System.nanoTime() - startedNs) / NS_PER_SECOND;
    Migration end = operator.awaitCompleted(operator.migrate(guest, NEW));
    operator.delete(guest, NEW);
    return new Restarted(
        cancelSeconds + end.getOutcome().getTotalNs() / NS_PER_SECOND,
        cancelSeconds,
        end.getOutcome().getDowntimeNs() / NS_PER_SECOND);
  }

  /** What is not told by {@link Links} is as fast as the fastest of them. */
  private void shape(Links wire) throws BenchException {
    double fastest = Math.max(wire.destination(), Math.max(wire.source(), wire.old()));
    network.shape(SOURCE, wire.source(), fastest);
    network.shape(OLD, wire.old(), fastest);
    network.shape(NEW, fastest, wire.destination());
  }

  private String newGuest() {
    guests++;
    return "guest-" + guests;
  }
}
