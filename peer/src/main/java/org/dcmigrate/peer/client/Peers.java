package org.dcmigrate.peer.client;

import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;

/** The peers that this one is configured to know, and the channels to them, opened at first use. */
public final class Peers implements AutoCloseable {
  /** A configured peer. */
  public record Peer(String name, String endpoint, PeerId id) {}

  /** Opens a channel to a peer. */
  public interface Connector {
    ManagedChannel connect(Peer peer) throws DcmException;
  }

  private final Peer self;
  private final List<Peer> peers;
  private final Connector connector;
  private final Map<PeerId, ManagedChannel> channels = new HashMap<>();
  private boolean closed;

  public Peers(Peer self, List<Peer> peers, Connector connector) {
    this.self = self;
    this.peers = List.copyOf(peers);
    this.connector = connector;
  }

  /** This peer. */
  public Peer self() {
    return self;
  }

  /** All others. */
  public List<Peer> all() {
    return peers;
  }

  /**
   * The peer of a name; this one too.
   *
   * @throws DcmException PEER_UNKNOWN
   */
  public Peer byName(String name) throws DcmException {
    if (name.equals(self.name())) {
      return self;
    }
    return peers.stream()
        .filter(peer -> peer.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new DcmException(
                    Reason.PEER_UNKNOWN,
                    "%s knows no peer named %s; it knows %s; name one of them or add it to the configuration"
                        .formatted(
                            self.name(),
                            Text.quote(name),
                            peers.stream().map(Peer::name).toList())));
  }

  /**
   * The peer of an identity.
   *
   * @throws DcmException PEER_UNKNOWN
   */
  public Peer byId(PeerId id) throws DcmException {
    if (id.equals(self.id())) {
      return self;
    }
    return peers.stream()
        .filter(peer -> peer.id().equals(id))
        .findFirst()
        .orElseThrow(
            () ->
                new DcmException(
                    Reason.PEER_UNKNOWN,
                    self.name() + " knows no peer with the identity " + Text.quote(id.uri())));
  }

  /** The configured name of an identity, or the identity itself. */
  public String name(PeerId id) {
    try {
      return byId(id).name();
    } catch (DcmException unknown) {
      return id.uri();
    }
  }

  /** A client for calls to a peer. */
  public PeerClient client(PeerId id) throws DcmException {
    return new PeerClient(id, channel(byId(id)));
  }

  /** A client for the votes of a peer. */
  public DecisionClient decisions(PeerId id) throws DcmException {
    return new DecisionClient(channel(byId(id)));
  }

  private synchronized ManagedChannel channel(Peer peer) throws DcmException {
    if (closed) {
      throw new DcmException(Reason.PEER_NOT_SERVING, self.name() + " is shutting down");
    }
    ManagedChannel open = channels.get(peer.id());
    if (open == null) {
      open = connector.connect(peer);
      channels.put(peer.id(), open);
    }
    if (open.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
      // Whoever calls now wants to know how it is now, and not to wait out the time between tries.
      open.resetConnectBackoff();
    }
    return open;
  }

  @Override
  public synchronized void close() {
    closed = true;
    new ArrayList<>(channels.values()).forEach(ManagedChannel::shutdownNow);
    channels.clear();
  }
}
