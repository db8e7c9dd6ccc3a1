package org.dcmigrate.conformance;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.adapter.Adapter;
import org.dcmigrate.conformance.config.StartedTarget;
import org.dcmigrate.conformance.config.TargetConfig;
import org.dcmigrate.conformance.config.TargetFile;
import org.dcmigrate.conformance.config.TargetFile.Target.ToStart;
import org.dcmigrate.conformance.play.Cast;
import org.dcmigrate.conformance.play.RoundTrip;
import org.dcmigrate.conformance.play.Target;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.conformance.suite.Claims;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;

/** The target as it was named, reached or started, and everything that ends with it. */
final class Session implements AutoCloseable {
  /** Options of the launcher that an adapter in Java wants, too: no agents, no ports. */
  private static final List<String> LIKE_THIS =
      List.of(
          "--enable-native-access",
          "--sun-misc-unsafe-memory-access",
          "-XX:TieredStopAtLevel",
          "-XX:+UseSerialGC",
          "-Xshare",
          "-XX:SharedArchiveFile",
          "-Xlog:disable");

  private final Deque<AutoCloseable> closers = new ArrayDeque<>();
  private final Optional<ToStart> own;
  private final Cast cast;
  private final Claims claims;
  private final TestGuest guest;

  private Session(Cast cast, Claims claims, TestGuest guest, Optional<ToStart> own) {
    this.cast = cast;
    this.claims = claims;
    this.guest = guest;
    this.own = own;
  }

  /** Where the target listens. */
  String endpoint() {
    return cast.endpoint();
  }

  /** What it claims. */
  Claims claims() {
    return claims;
  }

  /**
   * The target, and others of its kind that are started beside it; all that the tester plays to
   * them listens from here on, until the session ends.
   *
   * @param count of targets; more than one only where the session starts its target
   * @param timeout for each answer
   * @throws DcmException FIELD_INVALID where it does not; and as {@link #open}
   */
  List<Target> targets(int count, Duration timeout) throws DcmException {
    List<Target> targets = new ArrayList<>();
    targets.add(opened(cast, timeout));
    while (targets.size() < count) {
      if (own.isEmpty()) {
        throw new DcmException(
            Reason.FIELD_INVALID,
            "only of a target that the suite starts there can be several: --jobs goes with"
                + " --reference, or with a file that names an adapter to start it");
      }
      StartedTarget another = start(own.get());
      closers.push(another);
      targets.add(opened(another.config().cast(), timeout));
    }
    return targets;
  }

  private Target opened(Cast cast, Duration timeout) throws DcmException {
    Target target = Target.open(cast, timeout);
    closers.push(target);
    return target;
  }

  /** How long an answer may take, over the way to the target, that otherwise may take so long. */
  Duration patience(Duration timeout) throws DcmException {
    return RoundTrip.patience(timeout, RoundTrip.measured(cast, timeout));
  }

  /** Who the tester is. */
  Cast cast() {
    return cast;
  }

  /** The guest that the tester pretends to move. */
  TestGuest guest() {
    return guest;
  }

  /** Whether the target was started for this session: then guests may be given to it. */
  boolean ownTarget() {
    return own.isPresent();
  }

  /**
   * Reaches or starts the target.
   *
   * @throws DcmException where that does not work, or the options are wrong
   */
  static Session open(TargetOptions options, GuestOptions guests) throws DcmException {
    Session session = unreached(options, guests);
    try {
      TargetOptions.requireListener(session.endpoint());
    } catch (DcmException nobody) {
      session.close();
      throw nobody;
    }
    return session;
  }

  /** As {@link #open}, but that nobody listens is still to be found out. */
  static Session unreached(TargetOptions options, GuestOptions guests) throws DcmException {
    Optional<TargetFile.Target> named = options.named();
    if (named.isEmpty()) {
      return new Session(options.cast(), Claims.ALL, guests.guest(), Optional.empty());
    }
    return switch (named.get()) {
      case TargetFile.Target.Running running -> running(running.config(), guests);
      case ToStart toStart -> started(toStart, guests);
    };
  }

  /** What a target claims, which is not started for that. */
  static Claims claims(TargetFile.Target named) throws DcmException {
    return switch (named) {
      case TargetFile.Target.Running running -> running.config().claims();
      case ToStart toStart -> StartedTarget.claims(toStart.adapter(), toStart.directory());
    };
  }

  private static Session started(ToStart own, GuestOptions guests) throws DcmException {
    TestGuest guest = guests.guest();
    StartedTarget started = start(own);
    TargetConfig config = started.config();
    Session session = new Session(config.cast(), config.claims(), guest, Optional.of(own));
    session.closers.push(started);
    return session;
  }

  private static StartedTarget start(ToStart own) throws DcmException {
    Optional<Path> dcmctl =
        own.tls() ? Optional.of(home().resolve("bin/dcmctl")) : Optional.empty();
    return StartedTarget.start(own.adapter(), own.directory(), dcmctl);
  }

  private static Session running(TargetConfig config, GuestOptions guests) throws DcmException {
    TestGuest guest =
        guests.isGiven() || config.guest().isEmpty() ? guests.guest() : config.guest().get();
    if (config.adapter().isEmpty()) {
      return new Session(config.cast(), config.claims(), guest, Optional.empty());
    }
    Adapter adapter = Adapter.start(config.adapter(), Path.of("").toAbsolutePath());
    Session session =
        new Session(config.cast().with(adapter), config.claims(), guest, Optional.empty());
    session.closers.push(adapter);
    return session;
  }

  /** The built tree that this command belongs to. */
  static Path home() throws DcmException {
    Optional<String> home = Optional.ofNullable(System.getProperty("dcm.home"));
    if (home.isEmpty()) {
      throw new DcmException(
          Reason.FIELD_INVALID, "only bin/dcm-conformance can start peers of this tree");
    }
    return Path.of(home.get());
  }

  /** The command of the adapter of the reference peer. */
  static List<String> referenceAdapter() throws DcmException {
    return referenceAdapter(home());
  }

  /** The same of a built tree; it runs under the JVM of this process, and starts like this one. */
  static List<String> referenceAdapter(Path home) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(option -> LIKE_THIS.stream().anyMatch(option::startsWith))
        .forEach(command::add);
    command.addAll(
        List.of(
            "-Xmx256m",
            "-Ddcm.home=" + home,
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName(),
            "reference-adapter"));
    return command;
  }

  @Override
  public void close() {
    while (!closers.isEmpty()) {
      try {
        closers.pop().close();
      } catch (Exception failed) {
        System.err.println("dcm-conformance: " + failed);
      }
    }
  }
}
