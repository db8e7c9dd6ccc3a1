/** The gRPC services: generated messages in, values of the protocol out. No decisions here. */
@NullMarked
package org.dcmigrate.peer.service;

import org.jspecify.annotations.NullMarked;
