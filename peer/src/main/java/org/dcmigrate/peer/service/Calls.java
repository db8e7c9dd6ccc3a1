package org.dcmigrate.peer.service;

import io.grpc.stub.StreamObserver;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.wire.Errors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers calls, and turns errors into statuses. */
final class Calls {
  private static final Logger LOG = LoggerFactory.getLogger(Calls.class);

  private Calls() {}

  interface Answer<A> {
    A make() throws DcmException;
  }

  interface Answers<A> {
    void make(StreamObserver<A> out) throws DcmException;
  }

  static <A> void answer(StreamObserver<A> out, Answer<A> answer) {
    A made;
    try {
      made = answer.make();
    } catch (DcmException refused) {
      out.onError(Errors.toStatus(refused));
      return;
    } catch (RuntimeException defect) {
      out.onError(Errors.toStatus(defect(defect)));
      return;
    }
    out.onNext(made);
    out.onCompleted();
  }

  static <A> void stream(StreamObserver<A> out, Answers<A> answers) {
    try {
      answers.make(out);
    } catch (DcmException refused) {
      out.onError(Errors.toStatus(refused));
      return;
    } catch (RuntimeException defect) {
      out.onError(Errors.toStatus(defect(defect)));
      return;
    }
    out.onCompleted();
  }

  static DcmException defect(RuntimeException defect) {
    LOG.error("a call failed by a defect of this peer", defect);
    return new DcmException(
        Reason.INTERNAL, "a defect of this peer; its log has the details", defect);
  }
}
