package org.dcmigrate.peer.source;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.dcmigrate.peer.client.Peers;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.forecast.Forecast;
import org.dcmigrate.protocol.forecast.Verdict;

/**
 * What an operator can do about a migration that does not converge.
 *
 * @param explanation one sentence
 * @param command to type; empty where it depends on what only the operator knows
 */
public record Advice(Action action, String explanation, String command) {
  private static final String QEMU = "qemu";
  private static final double MIB = 1 << 20;
  private static final Duration SILENT_AFTER = Duration.ofSeconds(1);

  /** What to do. */
  public enum Action {
    RAISE_DOWNTIME_LIMIT,
    THROTTLE_GUEST,
    REDIRECT
  }

  /** The guest, as far as advice depends on it. */
  record About(MigrationId migration, String guest, String kind, Map<String, String> properties) {}

  /** In the order in which to think of them. */
  static List<Advice> of(Forecast forecast, About about, String destination) {
    if (forecast.verdict() != Verdict.NOT_CONVERGING) {
      return List.of();
    }
    List<Advice> advice = new ArrayList<>();
    if (forecast.sufficientLimitMs().isPresent()) {
      long limitMs = forecast.sufficientLimitMs().getAsLong();
      advice.add(
          new Advice(
              Action.RAISE_DOWNTIME_LIMIT,
              "let the guest stand still for %d ms".formatted(limitMs),
              "dcmctl migration set %s --downtime-limit %d".formatted(about.migration(), limitMs)));
    }
    advice.addAll(throttle(forecast, about));
    advice.add(
        new Advice(
            Action.REDIRECT,
            "redirect to a peer with a better path than %s, over %s; what is there already is"
                    .formatted(destination, rate(forecast.dirtyRate().orElse(0)))
                + " not lost",
            "dcmctl redirect %s --to PEER".formatted(about.migration())));
    return advice;
  }

  /** QEMU's own means; its capabilities cannot be switched while it migrates. */
  private static List<Advice> throttle(Forecast forecast, About about) {
    if (!about.kind().equals(QEMU)) {
      return List.of(
          new Advice(Action.THROTTLE_GUEST, "have the guest write less until it has moved", ""));
    }
    long cpus = cpus(about.properties());
    long mib = Math.max(1, (long) (forecast.bandwidth() / 2.0 / MIB / cpus));
    return List.of(
        new Advice(
            Action.THROTTLE_GUEST,
            ("where QEMU runs with -accel kvm,dirty-ring-size=N: let each of its %d CPUs write %d"
                    + " MB/s at the most (QMP, over another socket than DCM's; HMP:"
                    + " set_vcpu_dirty_limit %d; cancel-vcpu-dirty-limit ends it)")
                .formatted(cpus, mib, mib),
            "{\"execute\":\"set-vcpu-dirty-limit\",\"arguments\":{\"dirty-rate\":" + mib + "}}"),
        new Advice(
            Action.THROTTLE_GUEST,
            "where it does not: cancel, switch QEMU's auto-converge on (QMP, while no migration"
                + " is under way; HMP: migrate_set_capability auto-converge on), and migrate again",
            "{\"execute\":\"migrate-set-capabilities\",\"arguments\":{\"capabilities\":"
                + "[{\"capability\":\"auto-converge\",\"state\":true}]}}"));
  }

  private static long cpus(Map<String, String> properties) {
    try {
      return Math.max(1, Long.parseLong(properties.getOrDefault("cpus", "1").split(" ", 2)[0]));
    } catch (NumberFormatException unknown) {
      return 1;
    }
  }

  /** One sentence on the verdict; empty where there is nothing to say. */
  static String reason(
      Forecast forecast, Optional<PeerId> destination, Peers peers, HolderWatch watch) {
    return switch (forecast.verdict()) {
      case NOT_CONVERGING ->
          "cannot converge: the guest writes %s, %s get across; it would stand still for %d ms, and may for %d ms"
              .formatted(
                  rate(forecast.dirtyRate().orElse(0)),
                  rate(forecast.bandwidth()),
                  Outlook.millis(forecast.expectedDowntimeNs().orElse(0)),
                  Outlook.millis(forecast.downtimeLimitNs()));
      case STALLED -> stalled(forecast.stall().orElseThrow(), destination, peers, watch);
      case MEASURING, CONVERGING, SLOW, WAITING_FOR_RELAY -> "";
    };
  }

  private static String stalled(
      Forecast.Stall stall, Optional<PeerId> destination, Peers peers, HolderWatch watch) {
    Optional<PeerId> peer = stall.contributor().or(() -> destination);
    String name = peer.map(peers::name).orElse("the destination");
    long quietNs = peer.map(watch::quietNs).orElse(0L);
    String what =
        stall.contributor().isPresent() ? "has relayed nothing" : "has acknowledged no pages";
    return quietNs >= SILENT_AFTER.toNanos()
        ? "%s is silent: it has not answered for %s, and %s for %s"
            .formatted(name, seconds(quietNs), what, seconds(stall.forNs()))
        : "%s answers, and %s for %s".formatted(name, what, seconds(stall.forNs()));
  }

  private static String rate(long bytesPerSecond) {
    return String.format(Locale.ROOT, "%.1f MiB/s", bytesPerSecond / MIB);
  }

  private static String seconds(long ns) {
    return String.format(Locale.ROOT, "%.1f s", ns / 1e9);
  }
}
