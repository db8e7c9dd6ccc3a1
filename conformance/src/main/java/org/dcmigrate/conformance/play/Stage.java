package org.dcmigrate.conformance.play;

import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.adapter.Adapter;
import org.dcmigrate.conformance.play.PlayedPeer.Persona;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.Transport;

/**
 * All that the tester plays to a source under test: two destinations, a third peer that witnesses,
 * and the operator. They stay for all cases; each case finds them as new.
 */
public final class Stage implements AutoCloseable {
  /** Nothing stands between the target and the played peers. */
  public static final ServerInterceptor UNTOUCHED = Stage::untouched;

  private final List<PlayedPeer> peers = new ArrayList<>();
  private final List<ManagedChannel> channels = new ArrayList<>();
  private final Course course = new Course();
  private final Emissions emissions = new Emissions();
  private final Cast cast;
  private final Target operator;

  /**
   * Who plays.
   *
   * @param endpoint of the target
   * @param target who it is
   * @param first also the source of the tester's own migrations
   * @param operator of the target
   * @param adapter of the target, where it has one
   * @param silence after which the target regards a peer as lost that does not answer
   */
  public record Cast(
      String endpoint,
      PeerId target,
      Persona first,
      Persona second,
      Persona witness,
      Security operator,
      Optional<Adapter> adapter,
      Duration silence) {}

  private Stage(Cast cast, Target operator) {
    this.cast = cast;
    this.operator = operator;
  }

  /**
   * Lets all of them listen.
   *
   * @param timeout for each answer of the target
   * @param operating a channel of the operator to the target, or to what stands in front of it;
   *     ends with the stage
   * @param outermost what stands between the target and the played peers
   */
  public static Stage open(
      Cast cast, Duration timeout, ManagedChannel operating, ServerInterceptor outermost)
      throws DcmException {
    Stage stage =
        new Stage(
            cast, new Target(operating, cast.operator().identity(), timeout, Optional.empty()));
    stage.channels.add(operating);
    try {
      for (Persona persona : List.of(cast.first(), cast.second(), cast.witness())) {
        ManagedChannel channel =
            Transport.channel(cast.endpoint(), persona.security(), cast.target());
        stage.channels.add(channel);
        PlayedPeer peer =
            new PlayedPeer(persona, stage.course, stage.emissions, channel, stage::peer, outermost);
        stage.peers.add(peer);
        peer.listen();
      }
    } catch (DcmException failed) {
      stage.close();
      throw failed;
    }
    return stage;
  }

  private static <Q, A> ServerCall.Listener<Q> untouched(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    return next.startCall(call, headers);
  }

  /** The destination to which cases migrate. */
  public PlayedPeer first() {
    return peers.get(0);
  }

  /** The destination to which they redirect. */
  public PlayedPeer second() {
    return peers.get(1);
  }

  /** The witness, and a third destination. */
  public PlayedPeer third() {
    return peers.get(2);
  }

  /** The target, as its operator calls it. */
  public Target operator() {
    return operator;
  }

  /** What came to the played peers. */
  public Course course() {
    return course;
  }

  /** What the source has sent. */
  public Emissions emissions() {
    return emissions;
  }

  /** The adapter of the target, where it has one. */
  public Optional<Adapter> adapter() {
    return cast.adapter();
  }

  /** After which the target regards a peer as lost that does not answer. */
  public Duration silence() {
    return cast.silence();
  }

  /** Who the target is. */
  public PeerId target() {
    return cast.target();
  }

  /** All of them as new. */
  void begin(Transcript transcript) {
    peers.forEach(PlayedPeer::reset);
    emissions.clear();
    course.begin(transcript);
  }

  /** All of them do what is right, so that what is under way comes to an end. */
  void calm() {
    peers.forEach(
        peer -> {
          peer.script().clear();
          peer.relayGate().letGo();
          peer.rise();
        });
  }

  private Optional<PlayedPeer> peer(PeerId identity) {
    return peers.stream().filter(each -> each.identity().equals(identity)).findFirst();
  }

  @Override
  public void close() {
    peers.forEach(PlayedPeer::close);
    channels.forEach(ManagedChannel::shutdownNow);
  }
}
