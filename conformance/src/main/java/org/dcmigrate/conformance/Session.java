package org.dcmigrate.conformance;

import io.grpc.ManagedChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.adapter.Adapter;
import org.dcmigrate.conformance.config.StartedTarget;
import org.dcmigrate.conformance.config.TargetConfig;
import org.dcmigrate.conformance.config.TargetFile;
import org.dcmigrate.conformance.play.Stage;
import org.dcmigrate.conformance.play.Target;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.conformance.play.Votes;
import org.dcmigrate.conformance.suite.Claims;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.Transport;

/** The target as it was named, reached or started, and everything that ends with it. */
final class Session implements AutoCloseable {
  private final Deque<AutoCloseable> closers = new ArrayDeque<>();
  private final String endpoint;
  private final boolean ownTarget;
  private Claims claims = Claims.HOLDER;
  private Optional<Target> target = Optional.empty();
  private Optional<Stage.Cast> cast = Optional.empty();
  private Duration waits = Duration.ZERO;
  private TestGuest guest = TestGuest.synthetic();

  private Session(String endpoint, boolean ownTarget) {
    this.endpoint = endpoint;
    this.ownTarget = ownTarget;
  }

  /** Where the target listens. */
  String endpoint() {
    return endpoint;
  }

  /** What it claims. */
  Claims claims() {
    return claims;
  }

  /** The target. */
  Target target() throws DcmException {
    if (target.isEmpty()) {
      target = Optional.of(onStage(cast.orElseThrow()));
    }
    return target.get();
  }

  /** All that the tester plays; none where it is the source only. */
  Optional<Stage.Cast> cast() {
    return cast;
  }

  /** The guest that the tester pretends to move. */
  TestGuest guest() {
    return guest;
  }

  /** Whether the target was started for this session: then guests may be given to it. */
  boolean ownTarget() {
    return ownTarget;
  }

  /**
   * Reaches or starts the target.
   *
   * @throws DcmException where that does not work, or the options are wrong
   */
  static Session open(TargetOptions options, GuestOptions guests, Duration timeout)
      throws DcmException {
    Optional<TargetFile.Target> named = options.named();
    if (named.isEmpty()) {
      return byOptions(options, guests.guest(), timeout);
    }
    return switch (named.get()) {
      case TargetFile.Target.Running running -> running(running.config(), guests, timeout);
      case TargetFile.Target.ToStart start -> started(start, guests, timeout);
    };
  }

  private static Session byOptions(TargetOptions options, TestGuest guest, Duration timeout)
      throws DcmException {
    Session session = new Session(options.endpoint(), false);
    session.guest = guest;
    Security security = options.security();
    PeerId expected = options.expected(security);
    TargetOptions.requireListener(session.endpoint);
    try {
      Optional<Votes> votes = Optional.empty();
      if (options.listen.isPresent()) {
        votes = Optional.of(Votes.listen(options.listen.get(), security));
        session.closers.push(votes.get());
      }
      ManagedChannel channel = session.channel(security, expected);
      session.target = Optional.of(new Target(channel, security.identity(), timeout, votes));
      return session;
    } catch (DcmException failed) {
      session.close();
      throw failed;
    }
  }

  private static Session started(
      TargetFile.Target.ToStart start, GuestOptions guests, Duration timeout) throws DcmException {
    StartedTarget started =
        StartedTarget.start(
            start.adapter(), start.directory(), start.tls(), home().resolve("bin/dcmctl"));
    Session session = new Session(started.config().endpoint(), true);
    session.closers.push(started);
    try {
      session.play(started.config(), Optional.of(started.adapter()), guests, timeout);
      return session;
    } catch (DcmException failed) {
      session.close();
      throw failed;
    }
  }

  private static Session running(TargetConfig config, GuestOptions guests, Duration timeout)
      throws DcmException {
    TargetOptions.requireListener(config.endpoint());
    Session session = new Session(config.endpoint(), false);
    try {
      Optional<Adapter> adapter = Optional.empty();
      if (!config.adapter().isEmpty()) {
        adapter = Optional.of(Adapter.start(config.adapter(), Path.of("").toAbsolutePath()));
        session.closers.push(adapter.get());
      }
      session.play(config, adapter, guests, timeout);
      return session;
    } catch (DcmException failed) {
      session.close();
      throw failed;
    }
  }

  private void play(
      TargetConfig config, Optional<Adapter> adapter, GuestOptions guests, Duration timeout)
      throws DcmException {
    cast =
        Optional.of(
            new Stage.Cast(
                config.endpoint(),
                config.identity(),
                config.first(),
                config.second(),
                config.witness(),
                config.operator(),
                adapter,
                config.silence()));
    waits = timeout;
    claims = config.claims();
    guest = guests.isGiven() || config.guest().isEmpty() ? guests.guest() : config.guest().get();
  }

  /** The target with all that the tester plays to it, which listens from here on. */
  private Target onStage(Stage.Cast all) throws DcmException {
    Stage stage =
        Stage.open(
            all, waits, Transport.channel(endpoint, all.operator(), all.target()), Stage.UNTOUCHED);
    closers.push(stage);
    Security security = all.first().security();
    return Target.on(stage, channel(security, all.target()), security.identity(), waits);
  }

  private ManagedChannel channel(Security security, PeerId expected) throws DcmException {
    ManagedChannel channel = Transport.channel(endpoint, security, expected);
    closers.push(channel::shutdownNow);
    return channel;
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
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Xmx256m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Ddcm.home=" + home(),
        "-cp",
        System.getProperty("java.class.path"),
        Main.class.getName(),
        "reference-adapter");
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
