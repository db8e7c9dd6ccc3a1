package org.dcmigrate.conformance.play;

import io.grpc.Server;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Question;
import org.dcmigrate.protocol.decision.Vote;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.Transport;
import org.dcmigrate.protocol.wire.DecisionWire;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.protocol.wire.Wire;
import org.dcmigrate.v1.AcceptRequest;
import org.dcmigrate.v1.AcceptResponse;
import org.dcmigrate.v1.AttemptRef;
import org.dcmigrate.v1.DecisionServiceGrpc;
import org.dcmigrate.v1.PromiseRequest;
import org.dcmigrate.v1.PromiseResponse;

/**
 * The tester's votes as source of its migrations: the target asks for one before it may own a
 * guest. Votes as a right source does, unless a case holds the vote back or has given it to itself.
 */
public final class Votes implements AutoCloseable {
  private final Map<AttemptRef, Acceptor> acceptors = new ConcurrentHashMap<>();
  private final Map<AttemptRef, Boolean> heldBack = new ConcurrentHashMap<>();
  private final Optional<Server> server;

  private Votes(String listen, Security security) throws DcmException, IOException {
    server =
        Optional.of(Transport.server(listen, security).addService(new Service()).build().start());
  }

  private Votes() {
    server = Optional.empty();
  }

  /** Votes that somebody else's service asks for. */
  static Votes unheard() {
    return new Votes();
  }

  /**
   * Begins to vote.
   *
   * @param listen the address that the target has configured for the tester
   * @throws DcmException when it cannot listen there
   */
  public static Votes listen(String listen, Security security) throws DcmException {
    try {
      return new Votes(listen, security);
    } catch (IOException failed) {
      throw new DcmException(
          Reason.INTERNAL, "cannot listen on %s: %s".formatted(listen, failed), failed);
    }
  }

  /** Where the tester listens. */
  public int port() {
    return server.orElseThrow().getPort();
  }

  /** Votes on this attempt stay unanswered until they are let go. */
  public void holdBack(AttemptRef attempt) {
    heldBack.put(attempt, true);
  }

  /** Votes on this attempt are answered from now on. */
  public void letGo(AttemptRef attempt) {
    heldBack.remove(attempt);
  }

  /** The source has taken the guest back before the target asked. */
  public void takeBack(AttemptRef attempt) {
    acceptors.put(attempt, new Acceptor(1, Optional.of(new Vote(1, Choice.SOURCE))));
  }

  /** Whether the target has asked for anything in this attempt. */
  public boolean asked(AttemptRef attempt) {
    return acceptors.containsKey(attempt);
  }

  /** What the tester has accepted in this attempt. */
  public Optional<Vote> accepted(AttemptRef attempt) {
    return Optional.ofNullable(acceptors.get(attempt)).flatMap(Acceptor::accepted);
  }

  Answer vote(AttemptRef attempt, Question question) throws DcmException {
    Wire.attempt(attempt);
    Acceptor.Step[] step = new Acceptor.Step[1];
    acceptors.compute(
        attempt,
        (key, before) -> {
          step[0] = (before == null ? Acceptor.undecided() : before).ask(question);
          return heldBack.containsKey(attempt) ? Acceptor.undecided() : step[0].next();
        });
    if (heldBack.containsKey(attempt)) {
      throw new DcmException(Reason.PEER_NOT_SERVING, "the tester holds its vote back");
    }
    return step[0].answer();
  }

  @Override
  public void close() {
    server.ifPresent(Server::shutdownNow);
  }

  private final class Service extends DecisionServiceGrpc.DecisionServiceImplBase {
    @Override
    public void promise(PromiseRequest request, StreamObserver<PromiseResponse> out) {
      try {
        Question question = new Question.Promise(DecisionWire.ballot(request.getBallot()));
        out.onNext(DecisionWire.promiseResponse(vote(request.getAttempt(), question)));
        out.onCompleted();
      } catch (DcmException refused) {
        out.onError(Errors.toStatus(refused));
      }
    }

    @Override
    public void accept(AcceptRequest request, StreamObserver<AcceptResponse> out) {
      try {
        Question question = new Question.Accept(DecisionWire.vote(request.getVote()));
        out.onNext(DecisionWire.acceptResponse(vote(request.getAttempt(), question)));
        out.onCompleted();
      } catch (DcmException refused) {
        out.onError(Errors.toStatus(refused));
      }
    }
  }
}
