/* The C interface of an agent's client. Texts are UTF-8, in and out. What it does, and when: docs/agent-c.md. */

#ifndef AGENT_H
#define AGENT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint32_t DWORD;
typedef char *PSTRZ;

/* nMsgType */
enum {
    tMsgAccepted = 'A',         /* logged in; again after a connection that was lost */
    tMsgUnknown = 'U',          /* no agent has this code */
    tMsgDisabled = 'D',         /* not allowed; in the middle of a session: logged out */
    tMsgBadPassword = 'B',
    tMsgQueryAccept = '?',      /* a call for this agent alone: accept or reject */
    tMsgCallPending = 'P',      /* a call for everybody in the centre */
    tMsgCallHide = 'H',         /* somebody has accepted it and is being connected */
    tMsgCallShow = 'S',         /* that has failed: it waits again */
    tMsgCallTerminated = 'T',   /* it waits no longer; or a call that the agent made is over */
    tMsgExecuteCommand = 'X',   /* run pszCommand */
    tMsgConnectionFailed = 'F', /* the call that the agent asked for could not be made */
    tMsgConnected = 'C'         /* it was made, and the two are connected */
};

/* Called from a thread of the library. What is not known is NULL, nCall 0. Texts belong to the application, which gives
   each back with free(). */
typedef void (*AGENTEVENTPROC)(
    int nMsgType,
    int nCall,
    PSTRZ pszCLI,
    PSTRZ pszCallerName,
    PSTRZ pszCallerCompany,
    PSTRZ pszCallerIdent,
    PSTRZ pszCallCenter,
    PSTRZ pszChannel,
    PSTRZ pszCommand,
    PSTRZ pszNumber,
    PSTRZ pszReason
);

void AgentDeclareCallback(AGENTEVENTPROC pCallbackFnc, bool bDebug);
void AgentDeclareVariablesFile(PSTRZ pszVariablesFile);

/* 1 when the request could be sent, else 0. What comes of it is an event. */
DWORD AgentOpenSession(PSTRZ pszUserid, PSTRZ pszPassword, PSTRZ pszExtension, PSTRZ pszServer, int nPort);
DWORD AgentCloseSession(void);
DWORD AgentAcceptCall(PSTRZ pszChannel);
DWORD AgentRejectCall(PSTRZ pszChannel);
DWORD AgentUnavailable(void);
DWORD AgentAvailable(void);
DWORD AgentCall(PSTRZ pszNumber, bool bRecord);

#ifdef __cplusplus
}
#endif

#endif
