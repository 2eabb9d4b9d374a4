/* A program of an agent's desk, driven by lines: words with a tab between them, `-` for NULL. It prints what it is told,
   and `=` with the result of each request. */

#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"

static bool accepts, rejects;

static void told(int nMsgType, int nCall, PSTRZ pszCLI, PSTRZ pszCallerName, PSTRZ pszCallerCompany, PSTRZ pszCallerIdent,
                 PSTRZ pszCallCenter, PSTRZ pszChannel, PSTRZ pszCommand, PSTRZ pszNumber, PSTRZ pszReason)
{
    PSTRZ texts[] = {pszCLI, pszCallerName, pszCallerCompany, pszCallerIdent, pszCallCenter, pszChannel, pszCommand,
                     pszNumber, pszReason};
    DWORD result = 2;

    if (accepts && nMsgType == tMsgCallPending)
        result = AgentAcceptCall(pszChannel);
    if (rejects && nMsgType == tMsgQueryAccept)
        result = AgentRejectCall(pszChannel);
    flockfile(stdout);
    printf("%c\t%d", nMsgType, nCall);
    for (size_t at = 0; at < sizeof texts / sizeof *texts; at++) {
        printf("\t%s", texts[at] ? texts[at] : "-");
        free(texts[at]);
    }
    putchar('\n');
    if (result != 2)
        printf("=\t%u\n", (unsigned)result);
    funlockfile(stdout);
}

static void *asks(void *count)
{
    size_t *sent = count;

    for (int at = 0; at < 4; at++) {
        AgentDeclareCallback(told, false);
        *sent += AgentAvailable();
    }
    return NULL;
}

/* How many of four requests by each of eight threads could be sent. */
static unsigned from_many_threads(void)
{
    pthread_t threads[8];
    size_t sent[8] = {0}, all = 0;

    for (size_t at = 0; at < 8; at++)
        if (pthread_create(&threads[at], NULL, asks, &sent[at]) != 0)
            abort();
    for (size_t at = 0; at < 8; at++) {
        pthread_join(threads[at], NULL);
        all += sent[at];
    }
    return (unsigned)all;
}

static unsigned obey(const char *verb, char *words[])
{
    if (!strcmp(verb, "open"))
        return AgentOpenSession(words[0], words[1], words[2], words[3], atoi(words[4]));
    if (!strcmp(verb, "close"))
        return AgentCloseSession();
    if (!strcmp(verb, "accept"))
        return AgentAcceptCall(words[0]);
    if (!strcmp(verb, "reject"))
        return AgentRejectCall(words[0]);
    if (!strcmp(verb, "unavailable"))
        return AgentUnavailable();
    if (!strcmp(verb, "available"))
        return AgentAvailable();
    if (!strcmp(verb, "call"))
        return AgentCall(words[0], words[1] != NULL);
    if (!strcmp(verb, "threads"))
        return from_many_threads();
    if (!strcmp(verb, "variables"))
        AgentDeclareVariablesFile(words[0]);
    else if (!strcmp(verb, "declare"))
        AgentDeclareCallback(words[0] ? told : NULL, words[1] != NULL);
    else if (!strcmp(verb, "accepts"))
        accepts = true;
    else if (!strcmp(verb, "rejects"))
        rejects = true;
    else
        abort();
    return 9;
}

int main(void)
{
    static char line[65536];

    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin)) {
        char *words[6] = {0}, *rest = line;
        unsigned result;

        line[strcspn(line, "\n")] = 0;
        for (size_t at = 0; at < 6 && rest; at++) {
            char *end = strchr(rest, '\t');
            if (end)
                *end++ = 0;
            words[at] = strcmp(rest, "-") ? rest : NULL;
            rest = end;
        }
        result = obey(words[0], words + 1);
        printf("=\t%u\n", result);
    }
    return 0;
}
