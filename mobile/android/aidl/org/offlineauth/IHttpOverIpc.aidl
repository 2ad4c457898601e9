package org.offlineauth;

import android.os.ParcelFileDescriptor;

/**
 * The stream wire on Android: hands over connections that speak HTTP/1.1.
 * Bind with the action that is this interface's name.
 */
interface IHttpOverIpc {
    /**
     * One end of a new connected stream socket, on which the caller sends requests.
     * Whoever calls this is the caller of all of them. The caller closes it.
     *
     * A SecurityException means that this caller is not served; an
     * IllegalStateException, that no more connections can be made now.
     */
    ParcelFileDescriptor connect();
}
